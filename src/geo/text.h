/* Private to geo/: text of strangers made fit for logs, JSON and DNS. */
#ifndef PF_GEO_TEXT_H
#define PF_GEO_TEXT_H

#include <stddef.h>

/* Copies `length` bytes as UTF-8 into `to` of `size` bytes, cut at a character: bytes that are no UTF-8 become '?',
 * control characters (C0, DEL, C1, those of direction and of lines) are left out. */
void text_clean(char *to, size_t size, const char *from, size_t length);

#endif
