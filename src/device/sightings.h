/* From the workers to the control thread: who asked without being known, and who asked what a tag rule wants to hear. A bounded
 * queue that a worker never waits for: what does not fit, or meets the lock taken, is dropped and counted, and the next
 * query of the same device says it again. */
#ifndef PF_DEVICE_SIGHTINGS_H
#define PF_DEVICE_SIGHTINGS_H

#include "device/roster.h"

#define SIGHTINGS_MAX 4096 /* in 20 ms: more than a flood of 200,000 strangers a second brings */

struct sighting {
	int64_t wall_us;
	struct asker asker;     /* who is not known; rule < 0 */
	int rule;               /* the tag rule whose `asks` was heard, of the device `id` */
	char id[DEVICE_ID_MAX]; /* rule >= 0 */
};

struct sightings;

/* `wake` is called by a worker when something is there that was not before; it must not block. NULL without memory. */
struct sightings *sightings_new(void (*wake)(void *data), void *data);
void sightings_free(struct sightings **sightings);

/* Any worker. */
void sightings_put_unknown(struct sightings *sightings, const struct asker *asker, int64_t wall_us);
void sightings_put_asked(struct sightings *sightings, const char *id, int rule, int64_t wall_us);

/* Copies what is there to `out`, which has room for SIGHTINGS_MAX, and empties the queue. Returns the number. */
size_t sightings_take(struct sightings *sightings, struct sighting *out);
uint64_t sightings_dropped(const struct sightings *sightings);

#endif
