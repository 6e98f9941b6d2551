/* What a line of a list says of its entry in the comment behind it, for those who want only some of them:
 *
 *   a.example  # kind=telemetry evidence=B …
 *
 * as blocklists/README.md tells. */
#ifndef PF_LISTS_MARKS_H
#define PF_LISTS_MARKS_H

#include <stdbool.h>
#include <stddef.h>

#include "value/marks.h"

/* Is the line's entry among those that are wanted? A line without the mark that is asked about is not. */
bool marks_fit(const struct marks_wanted *wanted, const char *text, size_t length);

/* Is anything left out at all? */
static inline bool marks_ask(const struct marks_wanted *wanted)
{
	return wanted->kinds || wanted->evidence;
}

#endif
