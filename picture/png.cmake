# PNG. Without ISA-L zlib unfolds its pixels, which takes three times as long.
sluice_loaded_library(PNG LIGHT libpng png)
sluice_loaded_library(ZLIB LIGHT zlib z)
sluice_loaded_library(DEFLATE LIGHT libdeflate deflate)
target_sources(sluice-picture-core PRIVATE
        apng.c deflate_library.c png_choose.c png_decoder.c png_encoder.c png_file.c png_general.c png_inflate.c png_library.c png_pack.c
        png_profile.c png_quick.c png_rows.c png_stream.c png_unfilter.c zlib_library.c)
pkg_check_modules(ISAL libisal)
# The tests of the build with ThreadSanitizer go that way, or nothing would.
if(ISAL_FOUND AND NOT SLUICE_SANITIZE STREQUAL "thread")
        sluice_loaded_library(ISAL LIGHT libisal isal)
        target_sources(sluice-picture-core PRIVATE isal_library.c)
        target_compile_definitions(sluice-picture-core PRIVATE PICTURE_ISAL)
endif()
