# Runs in `cmake --install`: only then the prefix is known. The configuration, the units, the snippets for web servers and the man
# pages say where sluice really is. A configuration that is there already is the administrator's.
foreach(directory SBINDIR LIBDIR DATADIR MANDIR SYSCONFDIR)
        if(IS_ABSOLUTE "${SLUICE_${directory}}")
                set(${directory} "${SLUICE_${directory}}")
        else()
                set(${directory} "${CMAKE_INSTALL_PREFIX}/${SLUICE_${directory}}")
        endif()
endforeach()

set(made "${SLUICE_BINARY}/installed")
file(REMOVE_RECURSE "${made}")
file(COPY "${SLUICE_SOURCE}/etc" "${SLUICE_SOURCE}/doc/sluice.8" "${SLUICE_SOURCE}/doc/sluice.conf.5"
        "${SLUICE_SOURCE}/doc/sluice-picture.1" DESTINATION "${made}")
# `preload` of sluice-picture's recipes: the names that this build loads, which are others where the libraries are newer. It loads
# all of them but ISA-L, which not every processor has.
include("${SLUICE_BINARY}/loaded-libraries.cmake")
function(name_libraries file)
        file(READ "${file}" text)
        if(NOT loaded_libraries MATCHES "libisal")
                string(REGEX REPLACE "\"libisal\\.so[.0-9]*\",[ \n]*" "" text "${text}")
        endif()
        foreach(library IN LISTS loaded_libraries)
                string(REGEX REPLACE "\\.so.*" "" stem "${library}")
                string(REGEX REPLACE "\"${stem}\\.so[.0-9]*\"" "\"${library}\"" text "${text}")
        endforeach()
        file(WRITE "${file}" "${text}")
endfunction()
name_libraries("${made}/etc/sluice.conf")
file(GLOB_RECURSE snippets "${made}/*")
foreach(snippet IN LISTS snippets)
        file(READ "${snippet}" text)
        string(REPLACE "/usr/bin/sluice" "${SBINDIR}/sluice" text "${text}")
        string(REPLACE "/etc/sluice" "${SYSCONFDIR}/sluice" text "${text}")
        string(REPLACE "/usr/share/bash-completion" "${DATADIR}/bash-completion" text "${text}")
        file(WRITE "${snippet}" "${text}")
endforeach()
foreach(section 1 5 8)
        file(GLOB pages "${made}/*.${section}")
        file(INSTALL ${pages} DESTINATION "${MANDIR}/man${section}")
endforeach()
set(made "${made}/etc")

file(GLOB recipes RELATIVE "${made}" "${made}/recipes/*.conf")
foreach(config sluice.conf ${recipes})
        if(EXISTS "$ENV{DESTDIR}${SYSCONFDIR}/sluice/${config}")
                file(REMOVE "${made}/${config}")
        endif()
endforeach()

# The daemon's user reads them, whatever umask root has.
set(readable OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
set(passable OWNER_EXECUTE GROUP_EXECUTE WORLD_EXECUTE)
file(INSTALL "${made}/" DESTINATION "${SYSCONFDIR}/sluice"
        FILE_PERMISSIONS ${readable} DIRECTORY_PERMISSIONS ${readable} ${passable}
        REGEX "etc/bash-completion$" EXCLUDE
        REGEX "systemd/sluice\\.[a-z]+$" EXCLUDE
        REGEX "/run$" PERMISSIONS ${readable} ${passable})
file(MAKE_DIRECTORY "$ENV{DESTDIR}${LIBDIR}/sluice")
file(CHMOD "$ENV{DESTDIR}${LIBDIR}/sluice" DIRECTORY_PERMISSIONS ${readable} ${passable})
file(INSTALL "${made}/bash-completion/sluice" DESTINATION "${DATADIR}/bash-completion/completions")

set(lib "${CMAKE_INSTALL_PREFIX}/lib")
file(INSTALL "${made}/systemd/sluice.service" "${made}/systemd/sluice.socket" DESTINATION "${lib}/systemd/system")
foreach(kind sysusers tmpfiles)
        file(INSTALL "${made}/systemd/sluice.${kind}" DESTINATION "${lib}/${kind}.d" RENAME sluice.conf)
endforeach()
