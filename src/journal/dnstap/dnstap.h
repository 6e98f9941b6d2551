/* The sink that speaks dnstap to a collector, over a unix socket or TCP, with the handshake of Frame Streams (frame.h). */
#ifndef PF_JOURNAL_DNSTAP_DNSTAP_H
#define PF_JOURNAL_DNSTAP_DNSTAP_H

#include "config/config.h"
#include "journal/sink.h"

/* `messages`: bits of enum config_message. The collector need not be there: it is tried again as long as it is not. What a batch has brought is kept until it is
 * taken, and counts as written; a collector that takes nothing gets no second batch. NULL with a sentence in `error`
 * without memory. */
struct sink *dnstap_sink_open(const struct config_collector *place, unsigned messages, char *error,
                              size_t error_size);

#endif
