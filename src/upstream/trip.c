/* The list of trip.h. */
#include "upstream/trip.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct forward_trip *forward_trip_add(struct forward_trip **list, const struct addr_port *peer,
                                      const uint8_t *query, size_t length)
{
	struct forward_trip *trip = calloc(1, sizeof *trip);
	if (!trip)
		return NULL;
	trip->peer = *peer;
	trip->sent_us = clock_now().mono_us;
	trip->query_length = (uint16_t)length;
	memcpy(trip->query, query, length);
	while (*list)
		list = &(*list)->next;
	*list = trip;
	return trip;
}

void forward_trip_arrived(struct forward_trip *trip, const uint8_t *response, size_t length)
{
	trip->received_us = clock_now().mono_us;
	trip->response_length = length;
	free(trip->response);
	trip->response = malloc(length ? length : 1);
	if (trip->response)
		memcpy(trip->response, response, length);
}

void forward_trips_free(struct forward_trip **list)
{
	while (*list) {
		struct forward_trip *trip = *list;
		*list = trip->next;
		free(trip->response);
		free(trip);
	}
}
