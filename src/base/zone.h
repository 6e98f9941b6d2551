/* Time zones as tables: what the clock on the wall says at a moment, without the C library's one zone for a whole
 * process, whose environment no thread may change while others read it. Reads the compiled files of the
 * tz database (TZif, RFC 8536), rules for the years to come written out. */
#ifndef PF_BASE_ZONE_H
#define PF_BASE_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define ZONE_NAME_MAX 64                /* bytes, NUL included: the longest today has 32 */
#define ZONE_FILE_BYTES_MAX (64u << 10) /* the largest of today has 3,600 */
#define ZONE_YEAR_LAST 2100             /* until its end the rules are written out */

struct zone; /* immutable */

/* "Europe/Berlin" from the tz database; NULL is the system's own zone (TZ, else /etc/localtime, else UTC). PF_OK and
 * `*out` owned by the caller; PF_ENOENT: there is no such zone; PF_EINVAL: its file is damaged; PF_ENOMEM. */
PF_MUST_CHECK int zone_load(const char *name, struct zone **out);

/* The same from a file's bytes. */
PF_MUST_CHECK int zone_parse(const uint8_t *bytes, size_t length, struct zone **out);
void zone_free(struct zone **zone);

/* Seconds to add to UTC; `utc_s` since 1970. Behind ZONE_YEAR_LAST the offset stays what it was last. */
int32_t zone_offset_s(const struct zone *zone, int64_t utc_s);

#define WEEK_MINUTES (7 * 24 * 60)

/* The minute of the local week, from Monday 00:00: 0 to WEEK_MINUTES - 1. */
unsigned zone_week_minute(const struct zone *zone, int64_t utc_s);

#endif
