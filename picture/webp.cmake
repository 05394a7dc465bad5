# WebP, in and out; GIF in. Animations of both become WebP.
sluice_loaded_library(WEBP LIGHT libwebp webp)
sluice_loaded_library(WEBP_DEMUX LIGHT libwebpdemux webpdemux)
sluice_loaded_library(WEBP_MUX LIGHT libwebpmux webpmux)
find_package(GIF REQUIRED) # as made by its authors it has no file for pkg-config
sluice_loaded_library(GIF LIGHT libgif gif)
target_sources(sluice-picture-core PRIVATE
        animation.c frame.c gif_decoder.c gif_file.c gif_library.c webp_animation.c webp_common.c webp_decoder.c webp_demux_library.c webp_encoder.c
        webp_frames.c webp_library.c webp_mux_library.c)
