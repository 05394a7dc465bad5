# Libraries that are not linked to but loaded when a picture asks for them (library.h), by the name that linking would have recorded.
# sluice_loaded_library(NAME weight package library): their headers, and the definition PICTURE_<NAME>_LIBRARY. Its file is in the cache as
# PICTURE_<weight>_<NAME>_FILE: the package depends on a light one, and only recommends a heavy one (debian/rules).
function(sluice_loaded_library name weight package library)
        if(NOT ${name}_FOUND)
                pkg_check_modules(${name} REQUIRED ${package})
        endif()
        set(file PICTURE_${weight}_${name}_FILE)
        find_library(${file} ${library} HINTS ${${name}_LIBRARY_DIRS} REQUIRED)
        execute_process(COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${CMAKE_READELF} -d ${${file}}
                OUTPUT_VARIABLE told COMMAND_ERROR_IS_FATAL ANY)
        if(NOT told MATCHES "soname: \\[([^]]+)\\]")
                message(FATAL_ERROR "${${file}} has no soname")
        endif()
        set_property(GLOBAL APPEND PROPERTY SLUICE_LOADED_LIBRARIES "${CMAKE_MATCH_1}")
        target_compile_definitions(sluice-picture-core PRIVATE PICTURE_${name}_LIBRARY="${CMAKE_MATCH_1}")
        target_include_directories(sluice-picture-core PUBLIC ${${name}_INCLUDE_DIRS})
endfunction()

target_sources(sluice-picture-core PRIVATE library.c)
target_link_libraries(sluice-picture-core PUBLIC ${CMAKE_DL_LIBS})
