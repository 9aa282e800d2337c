# page.html → page.c: the page as bytes, and the Content-Security-Policy that lets a browser run its
# one script and its one style and nothing else.
# cmake -DPAGE=page.html -DOUT=page.c -P scheduler/outputs/embed.cmake
cmake_minimum_required(VERSION 3.25)

# The digest of `text` as a policy spells it: base64, which CMake only lacks for what is not text.
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

# What stands between <tag> and </tag>, of which the page must have exactly one.
function(element_text html tag out)
  string(FIND "${html}" "<${tag}>" begin)
  string(FIND "${html}" "<${tag}" last REVERSE)
  string(FIND "${html}" "</${tag}>" end)
  if(begin LESS 0 OR NOT begin EQUAL last OR end LESS begin)
    message(FATAL_ERROR "${PAGE}: must have exactly one <${tag}>, without attributes")
  endif()
  string(LENGTH "<${tag}>" length)
  math(EXPR begin "${begin} + ${length}")
  math(EXPR length "${end} - ${begin}")
  string(SUBSTRING "${html}" ${begin} ${length} text)
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

file(READ "${PAGE}" html)
element_text("${html}" style style)
element_text("${html}" script script)
sha256_source("${style}" style_source)
sha256_source("${script}" script_source)

file(READ "${PAGE}" hex HEX)
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
