# Heavy libraries are not linked to but loaded when a picture asks for them (library.h), by the name that linking would have recorded.
# sluice_loaded_library(NAME package library): their headers, and the definition PICTURE_<NAME>_LIBRARY.
function(sluice_loaded_library name package library)
        pkg_check_modules(${name} REQUIRED ${package})
        find_library(PICTURE_${name}_FILE ${library} HINTS ${${name}_LIBRARY_DIRS} REQUIRED)
        execute_process(COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${CMAKE_READELF} -d ${PICTURE_${name}_FILE}
                OUTPUT_VARIABLE told COMMAND_ERROR_IS_FATAL ANY)
        if(NOT told MATCHES "soname: \\[([^]]+)\\]")
                message(FATAL_ERROR "${PICTURE_${name}_FILE} has no soname")
        endif()
        target_compile_definitions(sluice-picture-core PRIVATE PICTURE_${name}_LIBRARY="${CMAKE_MATCH_1}")
        target_include_directories(sluice-picture-core PRIVATE ${${name}_INCLUDE_DIRS})
endfunction()

sluice_loaded_library(AVIF libavif avif)
sluice_loaded_library(HEIF libheif heif)
sluice_loaded_library(TIFF libtiff-4 tiff)
target_sources(sluice-picture-core PRIVATE
        library.c bmff.c
        avif_decoder.c avif_encoder.c avif_library.c avif_pixels.c
        heif_decoder.c heif_image.c heif_library.c heif_turn.c
        tiff_decoder.c tiff_library.c tiff_page.c tiff_pyramid.c tiff_rows.c tiff_samples.c tiff_source.c tiff_tiles.c)
target_link_libraries(sluice-picture-core PUBLIC ${CMAKE_DL_LIBS})
# libheif is to find ours before libde265's.
target_link_options(sluice-picture-core INTERFACE -Wl,--export-dynamic-symbol=de265_start_worker_threads)
