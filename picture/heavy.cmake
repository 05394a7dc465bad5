# AVIF, HEIC and TIFF.
sluice_loaded_library(AVIF HEAVY libavif avif)
sluice_loaded_library(HEIF HEAVY libheif heif)
sluice_loaded_library(TIFF HEAVY libtiff-4 tiff)
target_sources(sluice-picture-core PRIVATE
        bmff.c
        avif_decoder.c avif_encoder.c avif_library.c avif_pixels.c
        heif_decoder.c heif_image.c heif_library.c heif_turn.c
        tiff_decoder.c tiff_library.c tiff_page.c tiff_pyramid.c tiff_rows.c tiff_samples.c tiff_source.c tiff_tiles.c)
# libheif is to find ours before libde265's.
target_link_options(sluice-picture-core INTERFACE -Wl,--export-dynamic-symbol=de265_start_worker_threads)
