/* Text that came from strangers, as JSON. */
#ifndef PF_REPORT_TEXT_H
#define PF_REPORT_TEXT_H

#include <jansson.h>
#include <stdint.h>

/* A JSON string; bytes that are no UTF-8 become U+FFFD. NULL without memory. */
json_t *report_text(const char *text);

/* A member that is text, borrowed; "" when it is none, or no string. */
const char *report_member(json_t *object, const char *member);

/* A moment as ISO 8601 in UTC with milliseconds; null: 0, it never was. */
json_t *report_time(int64_t wall_us);

#endif
