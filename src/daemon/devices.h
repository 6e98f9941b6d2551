/* Private to daemon/: keeps the book of devices: feeds it with what the kernel, lease files and workers tell,
 * publishes its roster, and remembers it in the folder of `state`.
 *
 * The book belongs to whoever holds the lock: the control thread, which feeds it, or a thread of the admin, which looks and
 * tags. Workers never do. */
#ifndef PF_DAEMON_DEVICES_H
#define PF_DAEMON_DEVICES_H

#include <jansson.h>
#include <uv.h>

#include "device/book.h"
#include "device/neighbours.h"
#include "device/sightings.h"
#include "pipeline/snapshot.h"

struct daemon;
struct devices;

/* NULL without memory. */
struct devices *devices_new(struct daemon *daemon);
/* After the loop has ended. */
void devices_free(struct devices **devices);
struct sightings *devices_sightings(struct devices *devices);

/* Puts the roster into a snapshot that was built and calls `publish` with it, while nobody else can change the book. PF_OK;
 * PF_ENOMEM: nothing was published. The control thread. */
PF_MUST_CHECK int devices_adopt(struct devices *devices, struct snapshot *built, struct diag *diag,
                                void (*publish)(struct daemon *daemon, struct snapshot *built));

/* Reads what is remembered, and begins to watch neighbours and lease files. The control thread, with its loop. */
void devices_start(struct devices *devices, uv_loop_t *loop);
/* No more questions for names; those under way come to their end, which takes a few seconds at most. */
void devices_end_names(struct devices *devices);
/* The workers have ended, and the journal will: it is told what it should know. */
void devices_journal_ends(struct devices *devices);
/* Writes what is to be remembered. Handles are closed by whoever closes the loop's. */
void devices_stop(struct devices *devices);
/* Watches the lease files of the snapshot in force, and asks for host names where it says; after each reload. */
void devices_watch_leases(struct devices *devices);

/* The parts of the API. Any thread of the admin that is registered with RCU. */
json_t *devices_json(struct devices *devices);
json_t *devices_status_json(struct devices *devices);
/* Gives a device tags, or takes them away; `tags` is divided by commas. The device, or NULL with `*http` and
 * a sentence. */
json_t *devices_tag(struct devices *devices, const char *text, const char *tags, bool untag,
                    int *http, char error[500]);
/* Names a device that the configuration does not name; "" takes the name away. The same. */
json_t *devices_name(struct devices *devices, const char *text, const char *name, int *http,
                     char error[500]);
/* As registry and roster say it now; PF_ENOENT. */
int devices_find(struct devices *devices, const char *text, struct device *device);
/* An address that the device asks from, IPv4 if it has both; of one that the configuration names by an address and that has not
 * been seen, that one. False: none is known. */
bool devices_address(struct devices *devices, const struct device *device, struct addr *addr);

#endif
