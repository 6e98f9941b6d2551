/* Private to journal/: a record as a syslog message (RFC 5424) with all that is known of the query in structured data:
 *
 *   <29>1 2026-11-29T18:20:29.123Z host portafilterd 4711 query [query@32473 name="a.example.cn" type="A" …] sinkholed by rule …
 *
 * Names are escaped as RFC 1035 says, values as RFC 5424 says; control characters become question marks. */
#ifndef PF_JOURNAL_SYSLOG_MESSAGE_H
#define PF_JOURNAL_SYSLOG_MESSAGE_H

#include <stddef.h>

#include "journal/record.h"

#define SYSLOG_MESSAGE_MAX \
	4096 /* the longest structured data has 3.2 KB; the sentence is cut to what is left */
#define SYSLOG_HOST_MAX 256 /* RFC 5424, 6.2.4, and NUL */

/* As the host name of a message: printable ASCII, or "-". */
void syslog_host(const char *name, char host[SYSLOG_HOST_MAX]);

/* Returns the length; not terminated. */
size_t syslog_write(const struct record *record, const char *host, unsigned pid,
                    unsigned enterprise, char out[SYSLOG_MESSAGE_MAX]);

#endif
