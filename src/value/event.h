/* Something that the owner may want to be told of: a new device, a name that moved abroad. Whoever finds it out hands it to an
 * outlet, and does not know who is told (src/notify) or what is kept of it (the journal). */
#ifndef PF_VALUE_EVENT_H
#define PF_VALUE_EVENT_H

#include <stdint.h>

#include "value/device.h"

#define EVENT_NAME_MAX 256 /* bytes, NUL included: a domain name as text; longer escapes are cut */
#define EVENT_STATE_MAX 96 /* "CN (overseas, high)" */
/* "120.92.123.219: dbip 2026-06 CN, geo-whois 2026-06 CN; as 9.9.9.9 answered, asked without client subnet" */
#define EVENT_EVIDENCE_MAX 320
#define EVENT_TEXT_MAX 832

enum event_kind {
	EVENT_NEW_DEVICE,    /* a device asks for the first time; at most once a device */
	EVENT_SILENT_DEVICE, /* a known device has not asked for as long as its owner finds strange */
	EVENT_FLAGGED,       /* a rule flagged an answer that stands overseas */
	EVENT_STANDING_CHANGED, /* a name of a device: its addresses stand elsewhere than before */
	EVENT_NEW_COUNTRY,      /* a device met a country for the first time */
	EVENT_KIND_COUNT,
};

/* Strings are UTF-8, "" when there is nothing to say. Names of devices and domains are strangers' text. */
struct event {
	uint8_t kind; /* enum event_kind */
	int64_t time_wall_us;
	char device_id[DEVICE_ID_MAX], device_name[DEVICE_NAME_MAX];
	char name[EVENT_NAME_MAX];                            /* the domain name that it is about */
	char before[EVENT_STATE_MAX], after[EVENT_STATE_MAX]; /* of a change */
	char evidence[EVENT_EVIDENCE_MAX];
	char text[EVENT_TEXT_MAX]; /* all of it in one sentence, for people */
};

/* "new-device", "silent-device", "flagged", "standing-changed", "new-country" */
const char *event_word(enum event_kind kind);
int event_parse(const char *word); /* PF_EINVAL */

/* Adds to the evidence which upstream gave the answer: another one, or one that is told of the client's network, may be given other
 * addresses. It is the one that the owner chose, which stands in `upstream` (group.h), or none. Nothing is added when `upstream` is "". */
void event_add_upstream(struct event *event, const char *upstream);

/* Where events go. `raise` may be called from the thread that its giver names, never blocks, and copies. */
struct event_outlet {
	void (*raise)(void *data, const struct event *event);
	void *data;
};

static inline void event_raise(const struct event_outlet *outlet, const struct event *event)
{
	if (outlet->raise)
		outlet->raise(outlet->data, event);
}

#endif
