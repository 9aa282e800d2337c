/* The page at http://127.0.0.1:8889/, compiled in from page.html by embed.cmake. Constants; any
 * thread.
 *
 * It is one file: its script and style are inside, it asks only its own server (status.json,
 * polls/FEED.csv), and everything that a server or a file has said goes in as text, never as
 * markup. The policy holds the hashes of that script and style, so a browser runs and styles
 * nothing else: serve it with the page, byte for byte. */
#ifndef SCHEDULER_OUTPUTS_PAGE_H
#define SCHEDULER_OUTPUTS_PAGE_H

#include <stddef.h>

extern const char page_html[];        /* UTF-8; a NUL follows its last byte */
extern const size_t page_html_length; /* without that NUL */
extern const char page_csp[];         /* the value of Content-Security-Policy */

#endif
