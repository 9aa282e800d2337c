# The house's one-way streets: fails when a file includes what its folder may not use, or a foreign
# library outside its one home. cmake -DROOT=<source dir> -P tests/layers.cmake
cmake_minimum_required(VERSION 3.25)

set(base_uses)
set(feeds_uses base)
set(storage_uses base)
set(export_uses base feeds storage)
set(scheduler/net_uses base)
set(scheduler/outputs_uses base feeds storage export scheduler/net)
set(scheduler_uses base feeds storage export scheduler/net scheduler/outputs)
set(companion_uses base feeds storage export scheduler/net)
set(companion_files scheduler/plan.h scheduler/hosts.h scheduler/host_key.h scheduler/fetch.h
    scheduler/outputs/alert.h scheduler/outputs/alert_post.h)
set(folders base feeds storage export scheduler scheduler/net scheduler/outputs companion)

# Header → the folder that is its home.
set(homes
  "yajl/" base  "xxhash.h" base
  "lmdb.h" storage  "zstd" storage
  "uv.h" scheduler/net  "curl/" scheduler/net  "microhttpd.h" scheduler/net
  "systemd/" scheduler/outputs
  "protobuf-c" feeds  "gtfs-realtime.pb-c.h" feeds  "nettle/" feeds)

set(faults 0)
macro(fault text)
  message(SEND_ERROR "${text}")
  math(EXPR faults "${faults} + 1")
endmacro()

function(folder_of path out)
  get_filename_component(folder "${path}" DIRECTORY)
  set(${out} "${folder}" PARENT_SCOPE)
endfunction()

set(count 0)
foreach(folder IN LISTS folders)
  file(GLOB sources "${ROOT}/${folder}/*.c" "${ROOT}/${folder}/*.h")
  foreach(source IN LISTS sources)
    math(EXPR count "${count} + 1")
    file(RELATIVE_PATH path "${ROOT}" "${source}")
    file(STRINGS "${source}" lines REGEX "^#include [\"<]")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^#include [\"<]([^\">]+)[\">].*" "\\1" included "${line}")
      if(line MATCHES "^#include \"")
        folder_of("${included}" used)
        if(NOT EXISTS "${ROOT}/${included}")
          fault("${path}: \"${included}\" is not written from the root")
        elseif(NOT used STREQUAL folder AND NOT used IN_LIST ${folder}_uses AND
               NOT included IN_LIST ${folder}_files)
          fault("${path}: ${folder}/ may not include ${included}")
        endif()
      else()
        set(rest ${homes})
        while(rest)
          list(POP_FRONT rest header home)
          string(FIND "${included}" "${header}" place)
          if(place EQUAL 0 AND NOT folder STREQUAL home)
            fault("${path}: <${included}> belongs to ${home}/")
          endif()
        endwhile()
      endif()
    endforeach()
  endforeach()
endforeach()
message(STATUS "layers: ${count} files, ${faults} faults")
if(count LESS 20)
  message(FATAL_ERROR "layers: found almost nothing below ${ROOT}")
endif()
