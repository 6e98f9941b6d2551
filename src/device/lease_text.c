/* Words of lease files, and the three formats that have one lease a line. */
#include "device/lease_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_MAX (INT64_C(1) << 40) /* no lease runs longer */

/* ---- words ------------------------------------------------------------------------------- */

const char *lease_line_end(const char *at, const char *end)
{
	return at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
}

void lease_split(const char *at, const char *end, char between, struct lease_words *out)
{
	out->count = 0;
	if (end > at && end[-1] == '\r')
		end--;
	while (at < end && out->count < LEASE_WORDS_MAX) {
		const char *stop = memchr(at, between, (size_t)(end - at));
		if (!stop)
			stop = end;
		size_t length = (size_t)(stop - at);
		if (length >= LEASE_WORD_MAX)
			length = LEASE_WORD_MAX - 1;
		if (length || between == ',') {
			memcpy(out->words[out->count], at, length);
			out->words[out->count++][length] = '\0';
		}
		at = stop + 1;
	}
}

bool lease_set_addr(struct lease *lease, const char *word)
{
	if (addr_parse(word, &lease->addr) != PF_OK)
		return false;
	addr_unmap(&lease->addr);
	return true;
}

bool lease_set_mac(struct lease *lease, const char *word)
{
	static const struct mac zero;
	if (mac_parse(word, &lease->mac) != PF_OK || lease->mac.bytes[0] & 1 ||
	    mac_equal(&lease->mac, &zero))
		return false;
	lease->has_mac = true;
	return true;
}

/* One label or more of letters, digits, '-' and '_': what a client sends is a stranger's word, and stands on
 * screens and in rules. */
void lease_set_host(struct lease *lease, const char *word)
{
	size_t length = strcspn(word, ".");
	if (!length || length >= sizeof lease->host)
		return;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)word[i]) && word[i] != '-' && word[i] != '_')
			return;
	memcpy(lease->host, word, length);
	lease->host[length] = '\0';
}

void lease_set_client_bytes(struct lease *lease, const uint8_t *bytes, size_t length)
{
	/* RFC 4361: type 255, four bytes of IAID, then the DUID, which IPv6 knows as well */
	if (length > 7 && bytes[0] == 0xff) {
		bytes += 5;
		length -= 5;
	}
	if (length > sizeof lease->client)
		length = sizeof lease->client;
	memcpy(lease->client, bytes, length);
	lease->client_length = (uint8_t)length;
}

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

void lease_set_client(struct lease *lease, const char *word)
{
	uint8_t bytes[LEASE_WORD_MAX / 2];
	size_t length = 0;
	while (*word && length < sizeof bytes) {
		if (*word == ':' && length) {
			word++;
			continue;
		}
		int high = hex(word[0]), low = high < 0 ? -1 : hex(word[1]);
		if (low < 0)
			return;
		bytes[length++] = (uint8_t)(high << 4 | low);
		word += 2;
	}
	lease_set_client_bytes(lease, bytes, length);
}

bool lease_number(const char *word, int64_t *number)
{
	size_t digits = strspn(word, "0123456789");
	if (!digits || digits > 12 || word[digits])
		return false;
	*number = strtoll(word, NULL, 10);
	return *number < SECONDS_MAX;
}

/* ---- dnsmasq ----------------------------------------------------------------------------- */

/* "1700000000 aa:bb:cc:dd:ee:ff 192.168.1.5 host 01:aa:bb:cc:dd:ee:ff", and behind a line "duid …" the same for IPv6 with
 * an IAID in the MAC's place. Time 0: for ever. MACs of other hardware have its type before them ("06-"). */
void lease_parse_dnsmasq(struct leasing *leasing, const char *at, const char *end)
{
	struct lease_words line;
	const char *stop;
	for (; (stop = lease_line_end(at, end)); at = stop + 1) {
		struct lease lease = {0};
		int64_t until;
		lease_split(at, stop, ' ', &line);
		if (!line.count || !strcmp(line.words[0], "duid"))
			continue;
		if (line.count < 4 || !lease_number(line.words[0], &until) ||
		    !lease_set_addr(&lease, line.words[2])) {
			leasing->list->skipped++;
			continue;
		}
		if (lease.addr.family == 4)
			(void)lease_set_mac(&lease, line.words[1]);
		lease_set_host(&lease, line.words[3]);
		if (line.count > 4)
			lease_set_client(&lease, line.words[4]);
		lease.over = until && until < leasing->wall_s;
		lease_add(leasing, &lease);
	}
}

/* ---- Kea --------------------------------------------------------------------------------- */

enum kea_column { KEA_ADDRESS, KEA_MAC, KEA_CLIENT, KEA_DUID, KEA_EXPIRE, KEA_HOST, KEA_STATE };
#define KEA_COLUMNS 7
static const char *const kea_names[KEA_COLUMNS] = {"address", "hwaddr",   "client_id", "duid",
                                                   "expire",  "hostname", "state"};

/* Which column holds what; LEASE_WORDS_MAX: none. */
static void read_head(const struct lease_words *line, size_t columns[KEA_COLUMNS])
{
	for (size_t c = 0; c < KEA_COLUMNS; c++) {
		columns[c] = LEASE_WORDS_MAX;
		for (size_t i = 0; i < line->count; i++)
			if (!strcmp(line->words[i], kea_names[c]))
				columns[c] = i;
	}
}

static const char *cell(const struct lease_words *line, size_t column)
{
	return column < line->count ? line->words[column] : "";
}

/* A CSV without quotes (Kea writes a comma as &#x2c) that is appended to: the last row of an address counts. State 0 is
 * a lease; others are declined, expired or released. */
void lease_parse_kea(struct leasing *leasing, const char *at, const char *end)
{
	struct lease_words line;
	size_t columns[KEA_COLUMNS];
	const char *stop = lease_line_end(at, end);
	if (!stop)
		return;
	lease_split(at, stop, ',', &line);
	read_head(&line, columns);
	while (at = stop + 1, (stop = lease_line_end(at, end))) {
		struct lease lease = {0};
		int64_t until, state = 0;
		lease_split(at, stop, ',', &line);
		if (!line.count)
			continue;
		if (!lease_set_addr(&lease, cell(&line, columns[KEA_ADDRESS])) ||
		    !lease_number(cell(&line, columns[KEA_EXPIRE]), &until)) {
			leasing->list->skipped++;
			continue;
		}
		(void)lease_set_mac(&lease, cell(&line, columns[KEA_MAC]));
		lease_set_client(&lease, cell(&line, columns[KEA_CLIENT]));
		if (!lease.client_length)
			lease_set_client(&lease, cell(&line, columns[KEA_DUID]));
		lease_set_host(&lease, cell(&line, columns[KEA_HOST]));
		(void)lease_number(cell(&line, columns[KEA_STATE]), &state);
		lease.over = state != 0 || until < leasing->wall_s;
		lease_add(leasing, &lease);
	}
}

/* ---- odhcpd ------------------------------------------------------------------------------ */

/* "aabbccddeeff" to "aa:bb:cc:dd:ee:ff". */
static void space_out(const char *word, char out[MAC_TEXT_MAX])
{
	size_t used = 0;
	for (size_t i = 0; i < 12 && word[i]; i += 2) {
		if (i)
			out[used++] = ':';
		out[used++] = word[i];
		out[used++] = word[i + 1] ? word[i + 1] : '?';
	}
	out[used] = '\0';
}

/* "# br-lan DUID IAID host until id length address/length…", and for IPv4 "# br-lan MAC ipv4 host until …"; until -1: for
 * ever. Lines without # are the same as a hosts file. */
void lease_parse_odhcpd(struct leasing *leasing, const char *at, const char *end)
{
	struct lease_words line;
	const char *stop;
	for (; (stop = lease_line_end(at, end)); at = stop + 1) {
		struct lease lease = {0};
		char mac[MAC_TEXT_MAX];
		int64_t until = 0;
		lease_split(at, stop, ' ', &line);
		if (!line.count || strcmp(line.words[0], "#"))
			continue;
		if (line.count < 8 ||
		    (strcmp(line.words[5], "-1") && !lease_number(line.words[5], &until))) {
			leasing->list->skipped++;
			continue;
		}
		space_out(line.words[2], mac);
		if (!strcmp(line.words[3], "ipv4"))
			(void)lease_set_mac(&lease, mac);
		else
			lease_set_client(&lease, line.words[2]);
		if (strcmp(line.words[4], "-"))
			lease_set_host(&lease, line.words[4]);
		lease.over = until && until < leasing->wall_s;
		for (size_t i = 8; i < line.count; i++) {
			line.words[i][strcspn(line.words[i], "/")] = '\0';
			if (lease_set_addr(&lease, line.words[i]))
				lease_add(leasing, &lease);
		}
	}
}
