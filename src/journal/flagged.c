/* The event of flagged.h. */
#include "journal/flagged.h"

#include <stdio.h>

#include "dns/name.h"

static void say_evidence(struct event *event, const struct record_answer *answer)
{
	for (size_t i = 0; answer && i < answer->address_count; i++) {
		const struct record_address *address = &answer->addresses[i];
		char text[ADDR_TEXT_MAX];
		if (address->standing != STANDING_OVERSEAS)
			continue;
		addr_format(&address->address, text);
		snprintf(event->evidence, sizeof event->evidence, "%s: %s", text, address->evidence);
		return;
	}
}

void flagged_raise(const struct event_outlet *outlet, const struct record *record)
{
	if (!outlet->raise || !flagged_is(record->action, record->standing))
		return;
	struct event event = {.kind = EVENT_FLAGGED, .time_wall_us = record->time_wall_us};
	char name[NAME_TEXT_MAX];
	dns_name_to_text(record->name, name);
	snprintf(event.device_id, sizeof event.device_id, "%s", record->device_id);
	snprintf(event.device_name, sizeof event.device_name, "%s", record->device_name);
	snprintf(event.name, sizeof event.name, "%.*s", EVENT_NAME_MAX - 1, name);
	snprintf(event.after, sizeof event.after, "%s, %s", standing_word(record->standing),
	         confidence_word(record->confidence));
	say_evidence(&event, record->answer);
	event_add_upstream(&event, record->upstream);
	snprintf(event.text, sizeof event.text, "%s: %s", record->device_name, record->reason);
	event_raise(outlet, &event);
}
