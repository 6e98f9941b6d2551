/* Leases of ISC dhcpd: blocks that are appended to, the last of an address counts.
 *
 *   lease 192.168.1.5 {
 *     ends 4 2026/11/26 12:00:00;        (or: ends never; or: ends epoch 1795694400;)
 *     binding state active;
 *     hardware ethernet 64:bc:0c:80:7e:1f;
 *     uid "\001d\274\014\200~\037";      (octal and letters, or hex with ':')
 *     client-hostname "lobby-coffee";
 *   } */
#define _GNU_SOURCE /* strptime */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "device/lease_text.h"

/* A quoted string's bytes, with \ooo and \c undone. Returns their number. */
static size_t unquote(const char *at, const char *end, uint8_t *out, size_t size)
{
	size_t used = 0;
	for (at++; at < end && *at != '"' && used < size; at++) {
		if (*at != '\\' || end - at < 2) {
			out[used++] = (uint8_t)*at;
		} else if (end - at > 3 && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' &&
		           at[3] >= '0' && at[3] <= '7') {
			out[used++] = (uint8_t)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 3;
		} else {
			out[used++] = (uint8_t) * ++at;
		}
	}
	return used;
}

static bool day_of(const char *day, const char *hour, int64_t *seconds)
{
	struct tm tm = {0};
	if (!strptime(day, "%Y/%m/%d", &tm) || !strptime(hour, "%H:%M:%S", &tm))
		return false;
	*seconds = timegm(&tm);
	return true;
}

/* Is the time of "ends …" behind us? What can not be read is not. */
static bool has_ended(const struct lease_words *line, int64_t wall_s)
{
	int64_t until;
	if (line->count > 2 && !strcmp(line->words[1], "epoch"))
		return lease_number(line->words[2], &until) && until < wall_s;
	return line->count > 3 && day_of(line->words[2], line->words[3], &until) && until < wall_s;
}

/* The place of the quote in a statement, or its end. */
static const char *quote_in(const char *at, const char *end)
{
	const char *quote = memchr(at, '"', (size_t)(end - at));
	return quote ? quote : end;
}

static void take_statement(struct lease *lease, const char *at, const char *end, int64_t wall_s)
{
	struct lease_words line;
	uint8_t bytes[LEASE_WORD_MAX];
	const char *quote = quote_in(at, end);
	lease_split(at, end, ' ', &line);
	for (size_t i = 0; i < line.count; i++)
		line.words[i][strcspn(line.words[i], ";")] = '\0';
	if (!line.count)
		return;
	const char *first = line.words[0];
	if (!strcmp(first, "ends")) {
		lease->over = lease->over || has_ended(&line, wall_s);
	} else if (!strcmp(first, "binding") && line.count > 2) {
		lease->over = lease->over || strcmp(line.words[2], "active") != 0;
	} else if (!strcmp(first, "hardware") && line.count > 2) {
		(void)lease_set_mac(lease, line.words[2]);
	} else if (!strcmp(first, "uid") && quote < end) {
		lease_set_client_bytes(lease, bytes, unquote(quote, end, bytes, sizeof bytes));
	} else if (!strcmp(first, "uid") && line.count > 1) {
		lease_set_client(lease, line.words[1]);
	} else if (!strcmp(first, "client-hostname") && quote < end) {
		size_t length = unquote(quote, end, bytes, sizeof bytes - 1);
		bytes[length] = '\0';
		if (!memchr(bytes, '\0', length))
			lease_set_host(lease, (const char *)bytes);
	}
}

void lease_parse_dhcpd(struct leasing *leasing, const char *at, const char *end)
{
	struct lease lease = {0};
	struct lease_words line;
	bool inside = false;
	const char *stop;
	for (; (stop = lease_line_end(at, end)); at = stop + 1) {
		while (at < stop && (*at == ' ' || *at == '\t'))
			at++;
		if (at == stop || *at == '#')
			continue;
		if (inside && *at == '}') {
			lease_add(leasing, &lease);
			inside = false;
		} else if (inside) {
			take_statement(&lease, at, stop, leasing->wall_s);
		} else if (stop - at > 6 && !memcmp(at, "lease ", 6)) {
			lease = (struct lease){0};
			lease_split(at, stop, ' ', &line);
			inside = line.count > 1 && lease_set_addr(&lease, line.words[1]);
			leasing->list->skipped += !inside;
		}
	}
	leasing->list->skipped += inside; /* torn: its end is not written yet */
}
