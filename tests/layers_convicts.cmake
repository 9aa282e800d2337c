# layers.cmake must fail on a house with one wrong include, and must name it.
# cmake -DROOT=<source dir> -DSCRATCH=<dir> -P tests/layers_convicts.cmake
cmake_minimum_required(VERSION 3.25)

function(convict name path line expected)
  file(REMOVE_RECURSE "${SCRATCH}")
  foreach(folder base feeds storage export scheduler scheduler/net scheduler/outputs companion)
    file(COPY "${ROOT}/${folder}" DESTINATION "${SCRATCH}/${folder}/.." FILES_MATCHING PATTERN "*.h")
  endforeach()
  file(WRITE "${SCRATCH}/${path}" "${line}\n")
  execute_process(COMMAND "${CMAKE_COMMAND}" "-DROOT=${SCRATCH}" -P "${ROOT}/tests/layers.cmake"
    RESULT_VARIABLE code OUTPUT_VARIABLE text ERROR_VARIABLE text)
  string(REGEX REPLACE "[ \n]+" " " text "${text}")
  string(FIND "${text}" "${expected}" place)
  if(expected STREQUAL "")
    if(NOT code EQUAL 0)
      message(SEND_ERROR "${name}: a sound house was convicted: ${text}")
    endif()
  elseif(code EQUAL 0 OR place EQUAL -1)
    message(SEND_ERROR "${name}: not convicted: ${text}")
  endif()
endfunction()

convict("sound" "feeds/extra.c" "#include \"base/err.h\"" "")
convict("folder" "storage/extra.c" "#include \"feeds/feed.h\""
  "storage/extra.c: storage/ may not include feeds/feed.h")
convict("base" "base/extra.c" "#include \"storage/store.h\""
  "base/extra.c: base/ may not include storage/store.h")
convict("library" "feeds/extra.c" "#include <lmdb.h>"
  "feeds/extra.c: <lmdb.h> belongs to storage/")
convict("curl" "scheduler/extra.c" "#include <curl/curl.h>"
  "scheduler/extra.c: <curl/curl.h> belongs to scheduler/net/")
convict("root" "feeds/extra.c" "#include \"feed.h\""
  "feeds/extra.c: \"feed.h\" is not written from the root")
convict("companion" "companion/extra.c" "#include \"scheduler/daemon.h\""
  "companion/extra.c: companion/ may not include scheduler/daemon.h")
