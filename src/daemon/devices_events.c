/* What is told of devices: newcomers, and known ones that have fallen silent. A few in each tick, never more: whoever makes up
 * addresses, or the day on which the access point fails, is one piece of news and not a thousand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/devices_state.h"

#define ANNOUNCE_AFTER_US 2000000 /* then its lease is known, and its MAC */
#define TOLD_MAX 16               /* in one tick, of each kind */
#define SAVE_SHARE 10   /* writing memory for events takes one part in so many of the time */
#define JUMP_US 5000000 /* the clocks went apart by more: it was set, or the machine slept */

/* What a tick has to tell. */
struct news {
	size_t count;
	struct event events[2 * TOLD_MAX];
};

static void add(struct news *news, struct event *event, const struct device *device)
{
	snprintf(event->device_id, sizeof event->device_id, "%s", device->id);
	snprintf(event->device_name, sizeof event->device_name, "%s", device->name);
	news->events[news->count++] = *event;
}

/* One event for each device, a moment after it came, when more is known of it. */
static void find_newcomers(struct devices *devices, int64_t wall_us, struct news *news)
{
	int row = 0;
	for (size_t i = 0; i < TOLD_MAX; i++, row++) {
		struct book_view view;
		row = book_announce(devices->book, (size_t)row, wall_us - ANNOUNCE_AFTER_US);
		if (row < 0 || !book_view(devices->book, (size_t)row, &view))
			return;
		struct event event = {.kind = EVENT_NEW_DEVICE, .time_wall_us = view.first_wall_us};
		snprintf(event.evidence, sizeof event.evidence, "vendor: %.100s, host name: %s",
		         *view.vendor        ? view.vendor
		         : view.mac_is_local ? "none, the MAC address is made up"
		                             : "not known",
		         *view.host ? view.host : "not known");
		snprintf(
			event.text, sizeof event.text,
			"A new device is on the network: %s (%s). To give it a tag: portafilter tag %s TAG",
			view.device->name, event.evidence, view.device->id);
		add(news, &event, view.device);
	}
}

/* "3 days", "2 hours": what people want to know of a silence. */
static void format_length(int64_t us, char text[32])
{
	static const struct {
		int64_t s;
		const char *word;
	} units[] = {{86400, "days"}, {3600, "hours"}, {60, "minutes"}, {1, "seconds"}};
	int64_t s = us / 1000000;
	size_t unit = 0;
	while (unit + 1 < PF_COUNT(units) && s < 2 * units[unit].s)
		unit++;
	snprintf(text, 32, "%lld %s", (long long)(s / units[unit].s), units[unit].word);
}

static void find_silent(struct devices *devices, int64_t wall_us, struct news *news)
{
	int row = 0;
	for (size_t i = 0; i < TOLD_MAX; i++, row++) {
		char since[CLOCK_TEXT_MAX], length[32];
		int64_t since_us;
		struct book_view view;
		row = book_silent(devices->book, (size_t)row, wall_us, &since_us);
		if (row < 0 || !book_view(devices->book, (size_t)row, &view))
			return;
		struct event event = {.kind = EVENT_SILENT_DEVICE, .time_wall_us = wall_us};
		clock_format(since_us, since);
		format_length(wall_us - since_us, length);
		/* it differs from one silence to the next: each is told */
		snprintf(event.after, sizeof event.after, "silent since %s", since);
		snprintf(event.evidence, sizeof event.evidence, "addresses: %zu, host name: %s",
		         view.address_count, *view.host ? view.host : "not known");
		snprintf(event.text, sizeof event.text,
		         "%s has not asked for %s, since %s: it may be off, or ask somebody else. What it "
		         "asked: portafilter log --device %s",
		         view.device->name, length, since, view.device->id);
		add(news, &event, view.device);
	}
}

/* The monotonic clock stands still while the machine sleeps, and nobody sets it. */
static void hear_of_gaps(struct devices *devices, struct now now)
{
	struct now before = devices->ticked;
	devices->ticked = now;
	if (!before.mono_us)
		return;
	int64_t gap_us = (now.wall_us - before.wall_us) - (now.mono_us - before.mono_us);
	if (llabs(gap_us) > JUMP_US)
		book_deaf(devices->book, gap_us);
}

/* That they were told is on the disk before they are: a daemon that is killed tells nobody twice. Where that takes long it is
 * done seldom, and what is told meanwhile may be told again. */
static void remember(struct devices *devices, struct now now)
{
	char error[500];
	bool told = devices->save_failed;
	devices->unsaved = true;
	if (devices->saved.mono_us &&
	    now.mono_us - devices->saved.mono_us < devices->save_took_us * SAVE_SHARE)
		return;
	if (devices_save(devices, error) != PF_OK && !told)
		log_warning("%s", error);
}

void devices_tell_events(struct devices *devices, struct now now)
{
	struct news news;
	news.count = 0;
	hear_of_gaps(devices, now);
	if (!devices->daemon->notify)
		return;
	find_newcomers(devices, now.wall_us, &news);
	find_silent(devices, now.wall_us, &news);
	if (!news.count)
		return;
	remember(devices, now);
	struct event_outlet outlet = daemon_outlet(devices->daemon);
	for (size_t i = 0; i < news.count; i++)
		event_raise(&outlet, &news.events[i]);
}
