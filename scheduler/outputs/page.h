/* The page at http://127.0.0.1:8889/: page.html and the style and scripts that it names, joined and
 * compiled in by embed.cmake. Constants; any thread.
 *
 * What is served is one file that asks only its own server (status.json, polls/FEED.csv).
 * Everything that a server or a file has said goes in as text, never as markup. The policy holds
 * the hashes of its script and style, so that a browser runs and styles nothing else: serve it with
 * the page, byte for byte.
 *
 *   page_words.js  numbers and times as words, elements     page_rows.js  a feed's row, the order
 *   page_plot.js   a plot                                   page_feed.js  the feed that is open
 *   page.js        asks, says how it stands; keys, clicks   page.css      how it looks */
#ifndef SCHEDULER_OUTPUTS_PAGE_H
#define SCHEDULER_OUTPUTS_PAGE_H

#include <stddef.h>

extern const char page_html[];        /* UTF-8; a NUL follows its last byte */
extern const size_t page_html_length; /* without that NUL */
extern const char page_csp[];         /* the value of Content-Security-Policy */

#endif
