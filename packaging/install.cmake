# What installs pollard: programs, the unit, man pages, completions, examples; and the Debian package.
include(GNUInstallDirs)

# Man pages and completions come from the tables of the programs.
add_executable(describe packaging/describe/bash.c packaging/describe/fish.c packaging/describe/main.c
  packaging/describe/man.c packaging/describe/zsh.c scheduler/options.c)
target_link_libraries(describe PRIVATE companion)
set(described_files)
function(describe template made)
  set(source ${CMAKE_SOURCE_DIR}/packaging/${template})
  set(out ${CMAKE_BINARY_DIR}/packaging/${made})
  add_custom_command(OUTPUT ${out} COMMAND describe ${source} > ${out} DEPENDS describe ${source}
    VERBATIM)
  set(described_files ${described_files} ${out} PARENT_SCOPE)
  install(FILES ${out} DESTINATION ${ARGV2})
endfunction()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/packaging)
describe(man/pollardd.8 pollardd.8 ${CMAKE_INSTALL_MANDIR}/man8)
describe(man/pollard.1 pollard.1 ${CMAKE_INSTALL_MANDIR}/man1)
describe(man/pollard.json.5 pollard.json.5 ${CMAKE_INSTALL_MANDIR}/man5)
describe(completion/pollard.bash pollard ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
describe(completion/pollard.zsh _pollard ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
describe(completion/pollard.fish pollard.fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
add_custom_target(described ALL DEPENDS ${described_files})

install(TARGETS pollardd RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS pollard RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES packaging/pollard.service DESTINATION lib/systemd/system)
