# WebP, in and out; GIF in. Animations of both become WebP.
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp libwebpdemux libwebpmux)
find_package(GIF REQUIRED)
target_sources(sluice-picture-core PRIVATE animation.c frame.c gif_decoder.c gif_file.c webp_animation.c webp_common.c webp_decoder.c webp_encoder.c webp_frames.c)
target_link_libraries(sluice-picture-core PUBLIC PkgConfig::WEBP GIF::GIF)
