# The Debian package, by CPack: packaging/deb/build makes it.
install(FILES packaging/pollard.service DESTINATION /lib/systemd/system)
install(FILES packaging/deb/pollard.json DESTINATION /etc/pollard)
install(FILES packaging/deb/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES packaging/deb/lintian-overrides
  DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME pollard)
add_custom_command(OUTPUT ${described}/changelog.Debian.gz
  COMMAND gzip -9nc ${CMAKE_SOURCE_DIR}/packaging/deb/changelog > ${described}/changelog.Debian.gz
  DEPENDS ${CMAKE_SOURCE_DIR}/packaging/deb/changelog VERBATIM)
add_custom_target(package_changelog ALL DEPENDS ${described}/changelog.Debian.gz)
install(FILES ${described}/changelog.Debian.gz DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The same source gives the same bytes, wherever and whenever it is built: no path of the build in
# the programs, and no time but the changelog's (or $SOURCE_DATE_EPOCH) in the archive.
set(no_paths -ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -ffile-prefix-map=${CMAKE_BINARY_DIR}=.)
target_compile_options(pollard_options INTERFACE ${no_paths})
target_compile_options(gtfs_proto PRIVATE ${no_paths})
install(CODE [[
  execute_process(COMMAND find $ENV{DESTDIR} -exec touch -h -d @$ENV{SOURCE_DATE_EPOCH} {} +
    COMMAND_ERROR_IS_FATAL ANY)
]])

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGE_NAME pollard)
set(CPACK_PACKAGE_CONTACT "pollard <pollard@pollard.invalid>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ca-certificates, tzdata")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "polls HTTP feeds on schedule and keeps every answer
pollardd asks many HTTP feeds the same question on schedule, for days, weeks
or years, with nobody watching. It keeps every answer in one crash-safe file
and accounts for every moment at which it should have asked.

pollard turns what was kept into CSV, says what is missing and why, and copies
and checks the store, also while the service runs.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/packaging/deb/conffiles ${CMAKE_SOURCE_DIR}/packaging/deb/postinst
  ${CMAKE_SOURCE_DIR}/packaging/deb/prerm ${CMAKE_SOURCE_DIR}/packaging/deb/postrm)
include(CPack)
