/* The sink that writes syslog messages: datagrams to a local socket (journald, rsyslog) or over UDP (RFC 5426), or a stream over
 * TCP with octet counting (RFC 6587, 3.4.1). */
#ifndef PF_JOURNAL_SYSLOG_SYSLOG_H
#define PF_JOURNAL_SYSLOG_SYSLOG_H

#include "config/config.h"
#include "journal/sink.h"

/* At most `rate` queries of one second are written; more are dropped. `enterprise` stands in the id of the structured data.
 * The collector need not be there, as in dnstap_sink_open. Over UDP nobody can tell what arrives. NULL with a sentence in `error`
 * without memory. */
struct sink *syslog_sink_open(const struct config_collector *place, unsigned rate,
                              unsigned enterprise, char *error, size_t error_size);

#endif
