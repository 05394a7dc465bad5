# What is installed where. Everything stands below the prefix, also one that is given only with `cmake --install --prefix`, and
# DESTDIR comes in front of it. The program finds its parts from its own place (base/installed.h), so it can be moved as a whole.

# The system's own prefix has its configuration in /etc. GNUInstallDirs would also move that of /opt/x, to /etc/opt/x.
set(SLUICE_SYSCONFDIR ${CMAKE_INSTALL_SYSCONFDIR})
if(CMAKE_INSTALL_PREFIX MATCHES "^/(usr)?/?$" AND NOT IS_ABSOLUTE ${SLUICE_SYSCONFDIR})
        set(SLUICE_SYSCONFDIR /etc)
endif()

target_compile_definitions(sluice-flags INTERFACE
        SLUICE_INSTALLED_PREFIX="${CMAKE_INSTALL_PREFIX}"
        SLUICE_INSTALLED_BINDIR="${CMAKE_INSTALL_BINDIR}"
        SLUICE_INSTALLED_SBINDIR="${CMAKE_INSTALL_SBINDIR}"
        SLUICE_INSTALLED_CONFIG="${SLUICE_SYSCONFDIR}/sluice/sluice.conf"
        SLUICE_INSTALLED_WARM_LIBRARY="${CMAKE_INSTALL_LIBDIR}/sluice/libsluice-warm.so")

install(CODE "
        set(SLUICE_SOURCE \"${CMAKE_CURRENT_SOURCE_DIR}\")
        set(SLUICE_BINARY \"${CMAKE_CURRENT_BINARY_DIR}\")
        set(SLUICE_SBINDIR \"${CMAKE_INSTALL_SBINDIR}\")
        set(SLUICE_LIBDIR \"${CMAKE_INSTALL_LIBDIR}\")
        set(SLUICE_DATADIR \"${CMAKE_INSTALL_DATADIR}\")
        set(SLUICE_MANDIR \"${CMAKE_INSTALL_MANDIR}\")
        set(SLUICE_SYSCONFDIR \"${SLUICE_SYSCONFDIR}\")")
install(SCRIPT install-snippets.cmake)
