# PNG. Without ISA-L zlib unfolds its pixels, which takes three times as long.
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng zlib libdeflate)
pkg_check_modules(ISAL IMPORTED_TARGET libisal)

target_sources(sluice-picture-core PRIVATE
        apng.c png_choose.c png_decoder.c png_encoder.c png_errors.c png_file.c png_inflate.c png_library.c png_pack.c png_profile.c png_quick.c
        png_rows.c png_stream.c png_unfilter.c)
target_link_libraries(sluice-picture-core PUBLIC PkgConfig::PNG)
# The tests of the build with ThreadSanitizer go that way, or nothing would.
if(ISAL_FOUND AND NOT SLUICE_SANITIZE STREQUAL "thread")
        target_compile_definitions(sluice-picture-core PRIVATE PICTURE_ISAL)
        target_link_libraries(sluice-picture-core PRIVATE PkgConfig::ISAL)
endif()
