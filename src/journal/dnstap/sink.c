/* The sink of dnstap.h. The handshake goes on by one step each time that the writer comes by: nobody waits for a collector
 * for longer than COLLECTOR_WAIT_MS. */
#include <config.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "journal/collector.h"
#include "journal/dnstap/dnstap.h"
#include "journal/dnstap/frame.h"
#include "journal/dnstap/message.h"

#define IDLE_US 1000000
#define FINISH_MS 200 /* a collector gets so long to say that it has all */

enum state {
	CLOSED,
	GREETED, /* READY is sent */
	STARTED, /* ACCEPT came, START is sent */
};

struct dnstap_sink {
	struct sink sink; /* first */
	struct collector collector;
	enum state state;
	int64_t looked_wall_us; /* when idle looked after it last */
	struct dnstap_writer writer;
	size_t in_length;
	uint8_t in[FRAME_BYTES_MAX];
};

/* ---- the handshake ----------------------------------------------------------------------- */

static int fail(struct dnstap_sink *sink, char *error, size_t error_size, const char *what)
{
	sink->state = CLOSED;
	return collector_fail(&sink->collector, error, error_size, what);
}

static bool send_control(struct dnstap_sink *sink, enum frame_type type)
{
	uint8_t frame[FRAME_BYTES_MAX];
	size_t length = frame_write(type, frame);
	/* The socket is new, or empty: there is room. */
	return send(sink->collector.fd, frame, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
}

/* Reads what is there. 1: a control frame; 0: none yet; PF_EIO: the end, or nonsense, which `what` says. */
static int receive_control(struct dnstap_sink *sink, struct frame_control *control,
                           const char **what)
{
	ssize_t got = recv(sink->collector.fd, sink->in + sink->in_length,
	                   sizeof sink->in - sink->in_length, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	*what = got < 0 ? "has broken the connection" : "has closed the connection";
	if (got <= 0)
		return PF_EIO;
	sink->in_length += (size_t)got;
	int used = frame_read(sink->in, sink->in_length, control);
	*what = "does not speak Frame Streams";
	if (used < 0)
		return PF_EIO;
	memmove(sink->in, sink->in + used, sink->in_length - (size_t)used);
	sink->in_length -= (size_t)used;
	return used > 0;
}

static int greet(struct dnstap_sink *sink, char *error, size_t error_size)
{
	sink->in_length = 0;
	if (!send_control(sink, FRAME_READY))
		return fail(sink, error, error_size, "takes no greeting");
	sink->state = GREETED;
	return PF_OK;
}

static int await_accept(struct dnstap_sink *sink, int64_t now_us, char *error, size_t error_size)
{
	struct frame_control control;
	const char *what = "";
	collector_wait(&sink->collector, POLLIN, COLLECTOR_WAIT_MS);
	int got = receive_control(sink, &control, &what);
	if (got < 0)
		return fail(sink, error, error_size, what);
	if (!got && now_us - sink->collector.since_us > COLLECTOR_CONNECT_MS * INT64_C(1000))
		return fail(sink, error, error_size, "does not answer the greeting of Frame Streams");
	if (!got) {
		snprintf(error, error_size, "The collector %s has not answered the greeting yet.",
		         sink->collector.text);
		return PF_EIO;
	}
	if (control.type != FRAME_ACCEPT)
		return fail(sink, error, error_size, "does not speak Frame Streams");
	if (!control.takes_dnstap)
		return fail(sink, error, error_size, "does not take " FRAME_STREAM_DNSTAP);
	if (!send_control(sink, FRAME_START))
		return fail(sink, error, error_size, "takes no start");
	sink->state = STARTED;
	log_info("The collector %s takes dnstap.", sink->collector.text);
	return PF_OK;
}

/* Between START and STOP a collector has nothing to say. */
static int look_for_end(struct dnstap_sink *sink, char *error, size_t error_size)
{
	struct frame_control control;
	const char *what = "";
	int got = receive_control(sink, &control, &what);
	if (got > 0)
		what = "does not keep to Frame Streams";
	return got ? fail(sink, error, error_size, what) : PF_OK;
}

static int connect_to(struct dnstap_sink *sink, char *error, size_t error_size)
{
	int64_t now_us = clock_now().mono_us;
	int result = collector_connect(&sink->collector, now_us, error, error_size);
	if (result == PF_OK && sink->state == CLOSED)
		result = greet(sink, error, error_size);
	if (result == PF_OK && sink->state == GREETED)
		result = await_accept(sink, now_us, error, error_size);
	if (result == PF_OK)
		result = look_for_end(sink, error, error_size);
	return result;
}

/* ---- the sink's calls -------------------------------------------------------------------- */

static int flush(struct dnstap_sink *sink, char *error, size_t error_size)
{
	int result = collector_send(&sink->collector, error, error_size);
	if (sink->collector.fd < 0)
		sink->state = CLOSED;
	return result;
}

static int begin(struct sink *base, char *error, size_t error_size)
{
	struct dnstap_sink *sink = (struct dnstap_sink *)base;
	int result = connect_to(sink, error, error_size);
	return result == PF_OK ? flush(sink, error, error_size) : result;
}

static int write_opened(struct sink *base, const struct flat_opened *opened, char *error,
                        size_t error_size)
{
	(void)error;
	(void)error_size;
	struct dnstap_sink *sink = (struct dnstap_sink *)base;
	if (!(opened->head.marks & FLAT_WIRE))
		return PF_EINVAL; /* left in the rings by a daemon without this sink */
	/* All messages of a record are kept, or none. */
	void *room = collector_room(&sink->collector, dnstap_bytes_max(&sink->writer, opened));
	if (!room)
		return PF_EINVAL;
	size_t length = dnstap_write(&sink->writer, opened, room);
	if (length)
		collector_kept(&sink->collector, length);
	return PF_OK;
}

/* What does not go out now is sent before the next batch begins. */
static int commit(struct sink *base, char *error, size_t error_size)
{
	(void)flush((struct dnstap_sink *)base, error, error_size);
	return PF_OK;
}

/* In quiet times too a collector that has gone is noticed, and looked for once a second. */
static void idle(struct sink *base, int64_t now_wall_us)
{
	struct dnstap_sink *sink = (struct dnstap_sink *)base;
	char ignored[256];
	if (llabs(now_wall_us - sink->looked_wall_us) < IDLE_US)
		return;
	sink->looked_wall_us = now_wall_us;
	(void)begin(base, ignored, sizeof ignored);
}

/* STOP, and FINISH when the collector is alive. */
static void say_goodbye(struct dnstap_sink *sink)
{
	struct frame_control control;
	const char *what;
	if (sink->state != STARTED || !send_control(sink, FRAME_STOP))
		return;
	if (collector_wait(&sink->collector, POLLIN, FINISH_MS))
		(void)receive_control(sink, &control, &what);
}

static void close_sink(struct sink **base)
{
	struct dnstap_sink *sink = (struct dnstap_sink *)*base;
	char error[256];
	if (sink->collector.fd >= 0 && sink->state == STARTED &&
	    flush(sink, error, sizeof error) == PF_OK)
		say_goodbye(sink);
	collector_tell_lost(&sink->collector);
	collector_deinit(&sink->collector);
	free(sink);
	*base = NULL;
}

struct sink *dnstap_sink_open(const struct config_collector *place, unsigned messages, char *error,
                              size_t error_size)
{
	struct dnstap_sink *sink = calloc(1, sizeof *sink);
	if (!sink || collector_init(&sink->collector, place, false) != PF_OK) {
		snprintf(error, error_size, "There is no memory for dnstap.");
		free(sink);
		return NULL;
	}
	sink->sink = (struct sink){.name = "dnstap",
	                           .wants_wire = true,
	                           .begin = begin,
	                           .write_opened = write_opened,
	                           .commit = commit,
	                           .idle = idle,
	                           .close = close_sink};
	char identity[DNSTAP_IDENTITY_MAX] = "";
	if (gethostname(identity, sizeof identity - 1))
		strcpy(identity, "portafilter");
	dnstap_writer_init(&sink->writer, messages, identity, "portafilter " PACKAGE_VERSION);
	/* So that the handshake is over when the first records come. */
	char ignored[256];
	(void)connect_to(sink, ignored, sizeof ignored);
	return &sink->sink;
}
