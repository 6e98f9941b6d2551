/* What kind of file is this? Asked of its first bytes, before any line is taken. */
#ifndef PF_LISTS_DETECT_H
#define PF_LISTS_DETECT_H

#include "config/config.h"

/* How much is looked at. A header of comments is rarely over 4 KB. */
#define DETECT_BYTES_MAX 65536
#define DETECT_LINES_MAX 300 /* lines that are neither blank nor comments */

/* The form that most of the first DETECT_LINES_MAX lines have; the more particular one (adblock, RPZ, unbound,
 * dnsmasq, hosts, cidr, regex) when two are as many, PLAIN when there is none. */
enum list_format detect_format(const char *bytes, size_t length);

/* Why this can be no list ("is a web page, not a list"), or NULL. */
const char *detect_stranger(const char *bytes, size_t length);

#endif
