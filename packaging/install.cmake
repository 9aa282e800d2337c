# What installs pollard: programs, man pages, completions, examples; with the prefix /usr the unit and
# the configuration as well, and then packaging/deb.cmake makes the Debian package of it.
include(GNUInstallDirs)

# Man pages and completions come from the tables of the programs.
add_executable(describe packaging/describe/bash.c packaging/describe/fish.c packaging/describe/main.c
  packaging/describe/man.c packaging/describe/zsh.c scheduler/options.c)
target_link_libraries(describe PRIVATE companion)
set(described ${CMAKE_BINARY_DIR}/packaging)
file(MAKE_DIRECTORY ${described})
set(described_files)

# describe(TEMPLATE NAME DESTINATION [gz]): the template, filled in, is installed under that name.
function(describe template name destination)
  set(source ${CMAKE_SOURCE_DIR}/packaging/${template})
  set(out ${described}/${name})
  add_custom_command(OUTPUT ${out} COMMAND describe ${source} > ${out} DEPENDS describe ${source}
    VERBATIM)
  if("gz" IN_LIST ARGN)
    add_custom_command(OUTPUT ${out}.gz COMMAND gzip -9nkf ${out} DEPENDS ${out} VERBATIM)
    set(out ${out}.gz)
  endif()
  set(described_files ${described_files} ${out} PARENT_SCOPE)
  install(FILES ${out} DESTINATION ${destination})
endfunction()
describe(man/pollardd.8 pollardd.8 ${CMAKE_INSTALL_MANDIR}/man8 gz)
describe(man/pollard.1 pollard.1 ${CMAKE_INSTALL_MANDIR}/man1 gz)
describe(man/pollard.json.5 pollard.json.5 ${CMAKE_INSTALL_MANDIR}/man5 gz)
describe(completion/pollard.bash pollard ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
describe(completion/pollard.zsh _pollard ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
describe(completion/pollard.fish pollard.fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
add_custom_target(described ALL DEPENDS ${described_files})

install(TARGETS pollardd RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS pollard RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY packaging/examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES packaging/cloud.md packaging/cloud-init.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  include(packaging/deb.cmake)
endif()
