/* What the databases cost: loading, memory, and look-ups.
 *
 *   bench_geo LOCATION.mmdb ASN.csv…      the first is a location database, the others say who announces what
 *
 * Look-ups are of addresses inside the ranges of the tables, each range as likely as another, in a random order: nothing is in the caches but
 * what the map itself keeps there. Nanoseconds of CPU time, the best of some rounds, because other work on the machine makes
 * them only longer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "geo/control.h"
#include "geo/csv.h"
#include "geo/location.h"

#define ADDRESSES (1u << 20)
#define ROUNDS 7

static int64_t cpu_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Ranges of one family, and addresses made of them. */
struct sample {
	uint8_t family;
	size_t count, room;
	struct addr *starts, *ends;
	struct addr *addresses; /* ADDRESSES */
};

static int keep(void *data, const struct as_range *range)
{
	struct sample *sample = data;
	if (range->start.family != sample->family)
		return PF_OK;
	if (sample->count == sample->room) {
		sample->room = sample->room ? sample->room * 2 : 65536;
		sample->starts = realloc(sample->starts, sample->room * sizeof *sample->starts);
		sample->ends = realloc(sample->ends, sample->room * sizeof *sample->ends);
		if (!sample->starts || !sample->ends)
			return PF_ENOMEM;
	}
	sample->starts[sample->count] = range->start;
	sample->ends[sample->count++] = range->end;
	return PF_OK;
}

/* A random address from start to end: the bytes behind the first that differs are made up. */
static struct addr between(const struct addr *start, const struct addr *end, uint64_t *random)
{
	struct addr addr = *start;
	size_t length = addr.family == 4 ? 4 : 16, at = 0;
	while (at < length && start->bytes[at] == end->bytes[at])
		at++;
	for (size_t i = at + 1; i < length; i++)
		addr.bytes[i] |= (uint8_t)(next_random(random) & (end->bytes[i] ^ start->bytes[i]));
	return addr;
}

static void make_addresses(struct sample *sample)
{
	uint64_t random = 88172645463325252ULL;
	sample->addresses = calloc(ADDRESSES, sizeof *sample->addresses);
	if (!sample->addresses || !sample->count)
		exit(1);
	for (size_t i = 0; i < ADDRESSES; i++) {
		size_t at = next_random(&random) % sample->count;
		sample->addresses[i] = between(&sample->starts[at], &sample->ends[at], &random);
	}
}

/* ---- look-ups ---------------------------------------------------------------------------- */

static uintptr_t find_control(const void *data, const struct addr *addr)
{
	return (uintptr_t)control_find(data, addr);
}

static uintptr_t find_location(const void *data, const struct addr *addr)
{
	return (uintptr_t)location_find(data, addr).location.code[0];
}

static void measure(const char *what, const struct sample *sample,
                    uintptr_t (*find)(const void *data, const struct addr *addr), const void *data)
{
	double best = 1e9;
	size_t found = 0;
	for (int round = 0; round < ROUNDS; round++) {
		int64_t begun = cpu_ns();
		found = 0;
		for (size_t i = 0; i < ADDRESSES; i++)
			found += find(data, &sample->addresses[i]) != 0;
		double each = (double)(cpu_ns() - begun) / ADDRESSES;
		best = each < best ? each : best;
	}
	printf("%-10s IPv%u look-up   %8.1f ns   (%zu ranges, %.1f %% known)\n", what, sample->family,
	       best, sample->count, 100.0 * (double)found / ADDRESSES);
}

static struct control *load_control(char **files, int count, struct sample *samples,
                                    struct diag *diag)
{
	struct control *control = control_new();
	int64_t taken = 0;
	for (int i = 0; i < count; i++) {
		const struct config_path path = {{1, 1}, files[i]};
		struct control_file read;
		for (size_t family = 0; family < 2; family++) {
			const struct as_range_taker taker = {keep, &samples[family]};
			if (csv_read_ranges(&path, "bench", diag, &taker) != PF_OK)
				return NULL;
		}
		int64_t begun = cpu_ns();
		if (control_read(control, &path, "bench", diag, &read) != PF_OK)
			return NULL;
		taken += cpu_ns() - begun;
	}
	int64_t begun = cpu_ns();
	if (control_finish(control, NULL) != PF_OK)
		return NULL;
	taken += cpu_ns() - begun;
	printf("control    load           %8.0f ms\n", (double)taken / 1e6);
	printf("control    memory         %8.2f MB  (map %.2f)\n", (double)control_bytes(control) / 1e6,
	       (double)range_map_bytes(&control->map) / 1e6);
	return control;
}

int main(int argc, char **argv)
{
	struct sample samples[2] = {{.family = 4}, {.family = 6}};
	struct location *location;
	struct diag diag;
	if (argc < 3) {
		fprintf(stderr, "bench_geo LOCATION.mmdb ASN.csv…\n");
		return 2;
	}
	diag_init(&diag);
	struct control *control = load_control(argv + 2, argc - 2, samples, &diag);
	int64_t begun = cpu_ns();
	const struct config_path path = {{1, 1}, argv[1]};
	if (!control || location_open(&path, "bench", &diag, &location) != PF_OK) {
		fprintf(stderr, "the files can not be read\n");
		return 1;
	}
	printf("location   load           %8.0f ms\n", (double)(cpu_ns() - begun) / 1e6);
	printf("location   memory         %8.2f MB\n", (double)location_bytes(location) / 1e6);
	for (size_t family = 0; family < 2; family++) {
		make_addresses(&samples[family]);
		measure("control", &samples[family], find_control, control);
		measure("location", &samples[family], find_location, location);
	}
	return 0;
}
