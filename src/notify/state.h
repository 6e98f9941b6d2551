/* Private to notify/: targets and their deliveries. */
#ifndef PF_NOTIFY_STATE_H
#define PF_NOTIFY_STATE_H

#include <pthread.h>
#include <uv.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "http/post.h"
#include "notify/notify.h"

#define SECRET_BYTES_MAX 4096
#define BODY_BYTES_MAX \
	16384 /* of the JSON of one event: its strings, where a control byte takes six */

struct target;
struct helper;
struct order_result;

/* How an event is brought to a kind of target. `start` begins one delivery of target->queue[0] and ends it with
 * target_delivered, later or at once; `abort` ends what is under way without that call. */
struct sender {
	const char *word; /* "webhook" */
	void (*start)(struct target *target);
	void (*abort)(struct target *target);
};
extern const struct sender sender_webhook, sender_ntfy, sender_command, sender_syslog;

struct target {
	struct notify *notify;
	const struct sender *sender;
	struct config_notify config; /* a copy of its own */
	size_t secret_length;
	char secret[SECRET_BYTES_MAX];
	uv_timer_t timer; /* until the next attempt */
	bool closing, busy;
	unsigned attempts; /* of queue[0] */
	size_t count;
	struct event queue[NOTIFY_QUEUE_MAX]; /* the oldest first */
	struct http_post *post;               /* webhook, ntfy */
	struct child *child;                  /* command */
	struct notify_status status;          /* under notify->lock */
};

struct notify {
	uv_loop_t *loop;
	struct http *http;
	uv_async_t wake;
	struct helper
		*helper; /* borrowed; NULL: commands are run from here, unless there are to be none */
	bool no_commands;
	uv_poll_t answers; /* of the helper */
	uint64_t order_number;
	size_t count;
	struct target *targets[CONFIG_NOTIFY_MAX];
	/* Keyed hashes of what was told, in a ring, each with its time. */
	struct hash_key key;
	size_t told_count, told_next;
	struct told {
		uint64_t hash;
		int64_t wall_us;
	} told[NOTIFY_REMEMBERED_MAX];

	pthread_mutex_t lock; /* of what follows, and of each target's status */
	bool stopped;
	uint64_t dropped;
	size_t raised_count;
	struct event raised[NOTIFY_RAISED_MAX];
};

/* target.c. NULL without memory, or when its secret can not be read (told in the log). */
struct target *target_new(struct notify *notify, const struct config_notify *config);
/* Ends what is under way; its memory goes with the loop's close callback. */
void target_close(struct target *target);
void target_offer(struct target *target, const struct event *event);
/* The end of a delivery; `error` is a sentence when it failed, else NULL. `final`: another try would end the same. */
void target_delivered(struct target *target, const char *error, bool final);

/* command.c: commands are run by the helper from now on. PF_EIO. */
PF_MUST_CHECK int command_use_helper(struct notify *notify, struct helper *helper);

/* message.c: an event as one JSON object (one line, no newline at its end). False without memory. */
bool message_json(const struct event *event, struct buffer *out);
/* "sha256=" and 64 hexadecimal digits: the HMAC-SHA-256 of a body (RFC 2104). PF_ENOMEM. */
#define SIGNATURE_MAX 80
PF_MUST_CHECK int message_sign(const char *secret, size_t secret_length, const char *body,
                               size_t length, char out[SIGNATURE_MAX]);

/* remember.c: was the same told within a day? Notes it when not. */
bool remember_told(struct notify *notify, const struct event *event);

#endif
