/* The lines that nearly all lists are made of, read without the general reader of line.h, which takes twice as long:
 *
 *   a.example              in a plain or adblock file, and in a hosts file that name alone
 *   0.0.0.0 a.example      also 127.0.0.1
 *   ||a.example^
 *
 * in lower or upper case, of letters, digits, '-' and '_' only, with or without CR. */
#ifndef PF_LISTS_QUICK_H
#define PF_LISTS_QUICK_H

#include "lists/line.h"

/* True and `item` filled (ITEM_NAME) when the line is one of these; line_next would give the same one item. False
 * when it is another or could be: `item` is undefined then. `format` is the file's. */
bool line_quick(const char *text, size_t length, enum list_format format, struct line_item *item);

#endif
