# page.html and the files it names → page.c: one page as bytes, and the Content-Security-Policy that
# lets a browser run its one script and its one style and nothing else.
# cmake -DPAGE=page.html -DOUT=page.c -P scheduler/outputs/embed.cmake
cmake_minimum_required(VERSION 3.25)

# The digest of `text` as a policy spells it: base64, which CMake has not.
function(sha256_source text out)
  string(SHA256 hex "${text}")
  set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  set(base64 "")
  foreach(place RANGE 0 60 6) # 3 bytes at a time; the last two of 32 get a zero behind them
    string(SUBSTRING "${hex}00" ${place} 6 group)
    foreach(shift 18 12 6 0)
      math(EXPR digit "(0x${group} >> ${shift}) & 63")
      string(SUBSTRING "${alphabet}" ${digit} 1 char)
      string(APPEND base64 "${char}")
    endforeach()
  endforeach()
  string(REGEX REPLACE "A$" "=" base64 "${base64}")
  set(${out} "'sha256-${base64}'" PARENT_SCOPE)
endfunction()

# The files named between <tag> and </tag> take the place of their names. → the page, their source.
function(join_files html tag html_out source_out)
  if(NOT html MATCHES "<${tag}>([a-z_. \n]+)</${tag}>")
    message(FATAL_ERROR "${PAGE}: <${tag}> must hold the names of files")
  endif()
  set(names "${CMAKE_MATCH_1}")
  get_filename_component(folder "${PAGE}" DIRECTORY)
  string(REGEX MATCHALL "[^ \n]+" files "${names}")
  set(text "\n")
  foreach(file IN LISTS files)
    file(READ "${folder}/${file}" part)
    string(APPEND text "${part}")
  endforeach()
  string(REPLACE "<${tag}>${names}</${tag}>" "<${tag}>${text}</${tag}>" html "${html}")
  sha256_source("${text}" source)
  set(${html_out} "${html}" PARENT_SCOPE)
  set(${source_out} "${source}" PARENT_SCOPE)
endfunction()

file(READ "${PAGE}" html)
join_files("${html}" style html style_source)
join_files("${html}" script html script_source)

string(HEX "${html}" hex)
string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
file(WRITE "${OUT}" "#include \"scheduler/outputs/page.h\"

const char page_html[] = {${bytes}'\\0'};
const size_t page_html_length = sizeof page_html - 1;
const char page_csp[] =
    \"default-src 'none'; script-src ${script_source}; \"
    \"style-src ${style_source}; connect-src 'self'; \"
    \"img-src data:; base-uri 'none'; form-action 'none'; \"
    \"frame-ancestors 'none'\";
")
