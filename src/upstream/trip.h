/* What one question sent to servers and what they sent back, byte for byte: kept only when somebody wants to write
 * it down (forwarder.traced). Times are of the monotonic clock. */
#ifndef PF_UPSTREAM_TRIP_H
#define PF_UPSTREAM_TRIP_H

#include "base/addr.h"
#include "dns/query.h"
#include "value/protocol.h"

/* One packet or one message over TCP, and the answer that it brought. */
struct forward_trip {
	struct forward_trip *next; /* in the order in which they were sent */
	struct addr_port peer;
	uint16_t port; /* ours; 0: not known */
	enum protocol protocol;
	int64_t sent_us, received_us; /* received: 0 when nothing came that could be the answer */
	uint16_t query_length;
	uint8_t query[QUERY_UPSTREAM_MAX];
	size_t response_length;
	uint8_t *response; /* owned; NULL without memory */
};

/* Adds one to the end of the list, with the question's bytes; NULL without memory. */
struct forward_trip *forward_trip_add(struct forward_trip **list, const struct addr_port *peer,
                                      const uint8_t *query, size_t length);
void forward_trip_arrived(struct forward_trip *trip, const uint8_t *response, size_t length);
void forward_trips_free(struct forward_trip **list);

#endif
