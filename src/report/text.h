/* Text that came from strangers, as JSON. */
#ifndef PF_REPORT_TEXT_H
#define PF_REPORT_TEXT_H

#include <jansson.h>

/* A JSON string; bytes that are no UTF-8 become U+FFFD. NULL without memory. */
json_t *report_text(const char *text);

#endif
