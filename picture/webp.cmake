# WebP, in and out.
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp libwebpdemux libwebpmux)
target_sources(sluice-picture-core PRIVATE webp_common.c webp_decoder.c webp_encoder.c)
target_link_libraries(sluice-picture-core PUBLIC PkgConfig::WEBP)
