/* Words of events. */
#include "value/event.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "value/group.h"

static const char *const words[EVENT_KIND_COUNT] = {
	[EVENT_NEW_DEVICE] = "new-device",   [EVENT_SILENT_DEVICE] = "silent-device",
	[EVENT_FLAGGED] = "flagged",         [EVENT_STANDING_CHANGED] = "standing-changed",
	[EVENT_NEW_COUNTRY] = "new-country",
};

const char *event_word(enum event_kind kind)
{
	return words[kind];
}

int event_parse(const char *word)
{
	for (int i = 0; i < EVENT_KIND_COUNT; i++)
		if (!strcmp(words[i], word))
			return i;
	return PF_EINVAL;
}

void event_add_upstream(struct event *event, const char *upstream)
{
	size_t length = strlen(event->evidence);
	if (*upstream)
		snprintf(event->evidence + length, sizeof event->evidence - length, "%sas %s answered%s",
		         length ? "; " : "", upstream,
		         upstream_text_has_subnet(upstream) ? "" : ", asked without client subnet");
}
