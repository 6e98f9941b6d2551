/* The sink of syslog.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "journal/collector.h"
#include "journal/syslog/message.h"
#include "journal/syslog/syslog.h"

#define COUNT_MAX 8 /* "4096 " before a message over TCP */

struct syslog_sink {
	struct sink sink; /* first */
	struct collector collector;
	unsigned rate, enterprise, pid;
	int64_t second; /* of the newest record, and how many it has */
	unsigned written;
	char host[SYSLOG_HOST_MAX];
};

/* What a receiver sends is not for us, but shows that it is there no longer. */
static bool has_ended(const struct syslog_sink *sink)
{
	char ignored[64];
	ssize_t got;
	if (sink->collector.place.transport != CONFIG_TCP)
		return false;
	do
		got = recv(sink->collector.fd, ignored, sizeof ignored, MSG_DONTWAIT);
	while (got > 0);
	return !got || (errno != EAGAIN && errno != EINTR);
}

static int begin(struct sink *base, char *error, size_t error_size)
{
	struct syslog_sink *sink = (struct syslog_sink *)base;
	int result = collector_connect(&sink->collector, clock_now().mono_us, error, error_size);
	if (result == PF_OK && has_ended(sink))
		return collector_fail(&sink->collector, error, error_size, "has closed the connection");
	return result == PF_OK ? collector_send(&sink->collector, error, error_size) : result;
}

/* Is there room in this second for one more? Records of several workers come nearly in order; an older one counts with
 * the newest second. */
static bool within_rate(struct syslog_sink *sink, int64_t time_wall_us)
{
	int64_t second = time_wall_us / 1000000;
	if (second > sink->second) {
		sink->second = second;
		sink->written = 0;
	}
	return sink->written < sink->rate;
}

static int write_record(struct sink *base, const struct record *record, char *error,
                        size_t error_size)
{
	(void)error;
	(void)error_size;
	struct syslog_sink *sink = (struct syslog_sink *)base;
	char message[COUNT_MAX + SYSLOG_MESSAGE_MAX], count[COUNT_MAX];
	if (!within_rate(sink, record->time_wall_us))
		return PF_EINVAL;
	char *text = message + COUNT_MAX;
	size_t length = syslog_write(record, sink->host, sink->pid, sink->enterprise, text);
	if (sink->collector.place.transport == CONFIG_TCP) {
		size_t digits = (size_t)snprintf(count, sizeof count, "%zu ", length);
		text -= digits;
		memcpy(text, count, digits);
		length += digits;
	}
	if (collector_keep(&sink->collector, text, length) != PF_OK)
		return PF_EINVAL;
	sink->written++;
	return PF_OK;
}

/* What does not go out now is sent before the next batch begins. */
static int commit(struct sink *base, char *error, size_t error_size)
{
	struct syslog_sink *sink = (struct syslog_sink *)base;
	(void)!collector_send(&sink->collector, error, error_size);
	return PF_OK;
}

static void close_sink(struct sink **base)
{
	struct syslog_sink *sink = (struct syslog_sink *)*base;
	char ignored[256];
	if (sink->collector.connected)
		(void)!collector_send(&sink->collector, ignored, sizeof ignored);
	collector_tell_lost(&sink->collector);
	collector_deinit(&sink->collector);
	free(sink);
	*base = NULL;
}

struct sink *syslog_sink_open(const struct config_collector *place, unsigned rate,
                              unsigned enterprise, char *error, size_t error_size)
{
	struct syslog_sink *sink = calloc(1, sizeof *sink);
	if (!sink || collector_init(&sink->collector, place, place->transport != CONFIG_TCP) != PF_OK) {
		snprintf(error, error_size, "There is no memory for syslog.");
		free(sink);
		return NULL;
	}
	sink->sink = (struct sink){.name = "syslog",
	                           .begin = begin,
	                           .write = write_record,
	                           .commit = commit,
	                           .close = close_sink};
	sink->rate = rate;
	sink->enterprise = enterprise;
	sink->pid = (unsigned)getpid();
	char name[SYSLOG_HOST_MAX] = "";
	if (gethostname(name, sizeof name - 1))
		name[0] = '\0';
	syslog_host(name, sink->host);
	char ignored[256];
	(void)!collector_connect(&sink->collector, clock_now().mono_us, ignored, sizeof ignored);
	return &sink->sink;
}
