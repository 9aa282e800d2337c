# What installs pollard: programs, the unit, man pages, completions; and the Debian package.
include(GNUInstallDirs)
install(TARGETS pollardd RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS pollard RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
