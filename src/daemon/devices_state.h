/* Private to daemon/: what the files about devices share. */
#ifndef PF_DAEMON_DEVICES_STATE_H
#define PF_DAEMON_DEVICES_STATE_H

#include "daemon/devices.h"
#include "daemon/state.h"

/* A lease file that is watched. The folder is, because files are replaced. */
struct lease_watch {
	struct devices *devices;
	size_t number;
	char *path; /* NULL: none */
	enum lease_format format;
	uv_fs_event_t event;
	uv_timer_t settle; /* reads when the writer has been quiet for a moment */
	bool open, watching, failed;
};

struct devices {
	struct daemon *daemon;
	struct sightings *sightings;
	struct sighting *taken; /* SIGHTINGS_MAX */
	uv_loop_t *loop;
	struct neighbour_watch *watch;
	uv_poll_t watch_poll;
	uv_async_t sighted;
	uv_timer_t gather; /* what comes within some milliseconds is published at once */
	uv_timer_t tick;   /* what has a time: `new` ends, memory is written */
	struct lease_watch leases[CONFIG_LEASE_FILES_MAX];
	unsigned ticks;           /* since memory was written */
	struct now ticked;        /* the last tick; mono_us 0: none yet */
	uint64_t changes_refused; /* atomic: that the journal could not follow */
	uint64_t pause_ms;        /* between two rosters */
	struct forwarder *names;  /* asks for host names; NULL: nobody does */
	bool names_end;

	pthread_mutex_t lock; /* guards the rest */
	struct book *book;
	struct vendors *vendors;
	bool unsaved;
	struct now saved; /* when memory was written last, and how long that took */
	int64_t save_took_us;
	bool save_failed; /* told once */
};

/* With the lock: puts the book's roster in force, when it has changed. */
void devices_publish(struct devices *devices);
/* Soon, from the control thread. */
void devices_publish_soon(struct devices *devices);

/* devices_changes.c: with the lock, after a roster was published. */
void devices_tell_changes(struct devices *devices);

/* devices_names.c: once in a tick, without the lock; after each reload, with the loop; the end of asking. */
void devices_ask_names(struct devices *devices, int64_t wall_us);
void devices_configure_names(struct devices *devices);

/* devices_events.c: with the lock, once in a tick. */
void devices_tell_events(struct devices *devices, struct now now);

/* devices_file.c */
void devices_load(struct devices *devices);
/* PF_OK; PF_EIO with a sentence. With the lock: so what is written last is what is known last. */
PF_MUST_CHECK int devices_save(struct devices *devices, char error[500]);

#endif
