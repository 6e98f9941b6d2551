/* Asks names as fast as they are answered, or at a rate, with as little of a core as can be: all packets are made before, and go out and
 * come in in batches. Where dnsperf would be the bottleneck, and for latencies, which it tells no percentiles of.
 *
 *     generator PORT FILE SECONDS WINDOW RATE SOCKETS [ADDRESS]
 *
 * FILE is one of dnsperf ("name A" lines) and is gone through again and again; WINDOW questions wait at most on each socket; RATE 0: as many as
 * are answered. Prints one line of JSON: sent, answered, lost, rate, own processor time and time that it waited for a core (µs an answer), percentiles
 * of the latency (µs), and with a RATE how late behind it questions went out (µs): a latency counts from when its question has gone. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH 64
#define SOCKETS_MAX 64
#define WINDOW_MAX 4096 /* ids do not come round within it */
#define NAMES_MAX 2000000
#define NAME_MAX_BYTES 253
#define PACKET_BYTES 288
#define REPLY_BYTES 1500
#define SOCKET_BYTES (4 << 20)
#define HEADER_BYTES 12
#define CATCH_UP_MAX 4          /* questions that go out together with a RATE */
#define LATENCIES 100000        /* counted by the microsecond; what is later counts as this */
#define SILENCE_NS 1000000000LL /* who has said nothing for so long has lost what is waiting */
#define LINGER_NS 500000000LL

struct packets {
	uint8_t *bytes;
	size_t *starts; /* count + 1 */
	size_t count, next;
};

struct line {
	int fd;
	uint16_t id;
	size_t waiting;
	int64_t heard_ns;
	int64_t sent_ns[UINT16_MAX + 1]; /* 0: not waited for */
};

struct run {
	struct packets packets;
	struct line *lines;
	size_t line_count, window;
	double rate;
	int64_t begin_ns, slipped_ns;
	uint64_t sent, answered, lost;
	uint32_t latencies[LATENCIES], late[LATENCIES];
};

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

/* ---- questions */

/* Writes the question for a name of the file; the end of it, or NULL: not a name. */
static uint8_t *write_question(uint8_t *out, const char *name)
{
	static const uint8_t header[HEADER_BYTES] = {0, 0, 1, 0, 0, 1}, tail[] = {0, 0, 1, 0, 1};
	memcpy(out, header, sizeof header);
	out += sizeof header;
	while (*name) {
		size_t length = strcspn(name, ".");
		if (!length || length > 63)
			return NULL;
		*out++ = (uint8_t)length;
		memcpy(out, name, length);
		out += length;
		name += length + (name[length] == '.');
	}
	memcpy(out, tail, sizeof tail);
	return out + sizeof tail;
}

static void load(struct packets *packets, const char *path)
{
	char name[NAME_MAX_BYTES + 1], type[8];
	size_t room = 0, at = 0;
	FILE *file = fopen(path, "r");
	if (!file)
		fail(path);
	packets->starts = malloc((NAMES_MAX + 1) * sizeof packets->starts[0]);
	while (packets->starts && packets->count < NAMES_MAX &&
	       fscanf(file, "%253s %7s", name, type) == 2) {
		if (room - at < PACKET_BYTES) {
			room = 2 * room + (1 << 20);
			packets->bytes = realloc(packets->bytes, room);
			if (!packets->bytes)
				fail("questions");
		}
		uint8_t *end = write_question(packets->bytes + at, name);
		if (!end)
			continue;
		packets->starts[packets->count++] = at;
		at = (size_t)(end - packets->bytes);
	}
	fclose(file);
	if (!packets->count) {
		fprintf(stderr, "%s has no names\n", path);
		exit(EXIT_FAILURE);
	}
	packets->starts[packets->count] = at;
}

/* ---- sockets */

static int open_socket(const char *address, uint16_t port)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), bytes = SOCKET_BYTES;
	struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(port)};
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	if (inet_pton(AF_INET, address, &peer.sin_addr) != 1 || fd < 0 ||
	    connect(fd, (struct sockaddr *)&peer, sizeof peer))
		fail(address);
	return fd;
}

/* When the question that is `ahead` places behind the last one sent is due. */
static int64_t due_ns(const struct run *run, uint64_t ahead)
{
	return run->begin_ns + run->slipped_ns +
	       (int64_t)((double)(run->sent + ahead) / run->rate * 1e9);
}

/* Whoever was kept from its core must not ask at once for all that it missed: that would be another load than the one that was meant. */
static void slip(struct run *run, int64_t now)
{
	int64_t behind = now - due_ns(run, CATCH_UP_MAX);
	if (behind > 0)
		run->slipped_ns += behind;
}

/* How many may go out now on a line. */
static size_t room_of(struct run *run, const struct line *line, int64_t now)
{
	size_t room = run->window - line->waiting, due = 0;
	if (run->rate > 0) {
		slip(run, now);
		while (due < CATCH_UP_MAX && due_ns(run, due + 1) <= now)
			due++;
		room = due < room ? due : room;
	}
	return room < BATCH ? room : BATCH;
}

static void count_us(uint32_t counts[LATENCIES], int64_t us)
{
	counts[us < 0 ? 0 : us < LATENCIES ? us : LATENCIES - 1]++;
}

/* How long after they were due do those that go out now? */
static void note_late(struct run *run, size_t count, int64_t now)
{
	for (size_t i = 0; i < count && run->rate > 0; i++)
		count_us(run->late, (now - due_ns(run, i + 1)) / 1000);
}

static bool send_some(struct run *run, struct line *line)
{
	struct iovec vectors[BATCH];
	struct mmsghdr messages[BATCH];
	struct packets *packets = &run->packets;
	int64_t now = now_ns();
	size_t count = room_of(run, line, now);
	/* A packet stands in one place only: in a batch no name may come twice. */
	count = count < packets->count ? count : packets->count;
	for (size_t i = 0; i < count; i++) {
		size_t which = (packets->next + i) % packets->count, start = packets->starts[which];
		uint16_t id = (uint16_t)(line->id + i);
		packets->bytes[start] = (uint8_t)(id >> 8);
		packets->bytes[start + 1] = (uint8_t)id;
		line->sent_ns[id] = now;
		vectors[i] = (struct iovec){packets->bytes + start, packets->starts[which + 1] - start};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
	}
	int sent = count ? sendmmsg(line->fd, messages, (unsigned)count, 0) : 0;
	size_t gone = sent > 0 ? (size_t)sent : 0;
	line->id = (uint16_t)(line->id + gone);
	line->waiting += gone;
	note_late(run, gone, now);
	packets->next = (packets->next + gone) % packets->count;
	run->sent += gone;
	return gone;
}

static void take(struct run *run, struct line *line, const uint8_t *reply, size_t length,
                 int64_t now)
{
	if (length < HEADER_BYTES)
		return;
	uint16_t id = (uint16_t)(reply[0] << 8 | reply[1]);
	if (!line->sent_ns[id])
		return;
	count_us(run->latencies, (now - line->sent_ns[id]) / 1000);
	line->sent_ns[id] = 0;
	line->waiting -= line->waiting > 0;
	run->answered++;
}

static bool receive_some(struct run *run, struct line *line)
{
	static uint8_t bytes[BATCH][REPLY_BYTES];
	struct iovec vectors[BATCH];
	struct mmsghdr messages[BATCH];
	for (size_t i = 0; i < BATCH; i++) {
		vectors[i] = (struct iovec){bytes[i], REPLY_BYTES};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
	}
	int count = recvmmsg(line->fd, messages, BATCH, MSG_DONTWAIT, NULL);
	int64_t now = now_ns();
	for (int i = 0; i < count; i++)
		take(run, line, bytes[i], messages[i].msg_len, now);
	if (count > 0 || !line->waiting)
		line->heard_ns = now;
	return count > 0;
}

/* What has waited for so long that nothing is to be hoped for. */
static void give_up(struct run *run, struct line *line)
{
	run->lost += line->waiting;
	line->waiting = 0;
	memset(line->sent_ns, 0, sizeof line->sent_ns);
}

/* Until something comes, or the next question is due. */
static void rest(const struct run *run, int64_t now)
{
	struct pollfd polls[SOCKETS_MAX];
	struct timespec most = {0, 1000000};
	for (size_t i = 0; i < run->line_count; i++)
		polls[i] = (struct pollfd){run->lines[i].fd, POLLIN, 0};
	if (run->rate > 0) {
		int64_t left = due_ns(run, 1) - now;
		most.tv_nsec = left < 0 ? 0 : left < most.tv_nsec ? left : most.tv_nsec;
	}
	if (ppoll(polls, run->line_count, &most, NULL) < 0 && errno != EINTR)
		fail("ppoll");
}

static void go(struct run *run, double seconds)
{
	run->begin_ns = now_ns();
	int64_t end = run->begin_ns + (int64_t)(seconds * 1e9), now = run->begin_ns;
	for (; now < end; now = now_ns()) {
		bool any = false;
		for (size_t i = 0; i < run->line_count; i++) {
			struct line *line = &run->lines[i];
			any |= send_some(run, line);
			any |= receive_some(run, line);
			if (line->waiting && now - line->heard_ns > SILENCE_NS)
				give_up(run, line);
		}
		if (!any)
			rest(run, now);
	}
}

/* What is still on its way counts too. */
static void linger(struct run *run)
{
	for (int64_t end = now_ns() + LINGER_NS;
	     now_ns() < end && run->answered + run->lost < run->sent;)
		for (size_t i = 0; i < run->line_count; i++)
			receive_some(run, &run->lines[i]);
	run->lost = run->sent - run->answered;
}

static unsigned percentile(const uint32_t counts[LATENCIES], double part)
{
	uint64_t total = 0, seen = 0;
	unsigned us = 0;
	for (size_t i = 0; i < LATENCIES; i++)
		total += counts[i];
	uint64_t wanted = (uint64_t)((double)total * part);
	while (us < LATENCIES - 1 && (seen += counts[us]) <= wanted)
		us++;
	return us;
}

/* Nanoseconds that this process was ready to run and did not; 0 where the kernel does not tell. */
static double waited_ns(void)
{
	double ran = 0, waited = 0;
	FILE *file = fopen("/proc/self/schedstat", "r");
	if (file && fscanf(file, "%lf %lf", &ran, &waited) != 2)
		waited = 0;
	if (file)
		fclose(file);
	return waited;
}

static void show(const struct run *run, double seconds)
{
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	double own = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
	             (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
	double answered = (double)(run->answered ? run->answered : 1);
	printf("{\"sent\": %llu, \"answered\": %llu, \"lost\": %llu, \"rate\": %.0f, \"own_us\": %.3f, "
	       "\"wait_us\": %.3f, \"p50\": %u, \"p90\": %u, \"p99\": %u, \"p999\": %u, "
	       "\"late_p50\": %u, \"late_p99\": %u}\n",
	       (unsigned long long)run->sent, (unsigned long long)run->answered,
	       (unsigned long long)run->lost, (double)run->answered / seconds, own / answered,
	       waited_ns() / 1000 / answered, percentile(run->latencies, 0.5),
	       percentile(run->latencies, 0.9), percentile(run->latencies, 0.99),
	       percentile(run->latencies, 0.999), percentile(run->late, 0.5),
	       percentile(run->late, 0.99));
}

int main(int argc, char **argv)
{
	static struct run run;
	if (argc != 7 && argc != 8) {
		fprintf(stderr, "usage: generator PORT FILE SECONDS WINDOW RATE SOCKETS [ADDRESS]\n");
		return 2;
	}
	double seconds = atof(argv[3]);
	run.window = strtoul(argv[4], NULL, 10);
	run.rate = atof(argv[5]);
	run.line_count = strtoul(argv[6], NULL, 10);
	if (!(seconds > 0) || !run.window || run.window > WINDOW_MAX || !run.line_count ||
	    run.line_count > SOCKETS_MAX) {
		fprintf(stderr, "SECONDS more than 0, WINDOW 1 to %d, SOCKETS 1 to %d\n", WINDOW_MAX,
		        SOCKETS_MAX);
		return 2;
	}
	load(&run.packets, argv[2]);
	run.lines = calloc(run.line_count, sizeof run.lines[0]);
	if (!run.lines)
		fail("sockets");
	for (size_t i = 0; i < run.line_count; i++) {
		run.lines[i].fd = open_socket(argc == 8 ? argv[7] : "127.0.0.1", (uint16_t)atoi(argv[1]));
		run.lines[i].heard_ns = now_ns();
	}
	(void)prctl(PR_SET_TIMERSLACK, 1);
	go(&run, seconds);
	linger(&run);
	show(&run, seconds);
	return 0;
}
