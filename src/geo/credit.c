/* See credit.h. */
#include "geo/credit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "geo/text.h"

#define CREDITS_BYTES_MAX 16384 /* some lines */
#define PATH_BYTES_MAX 4096

/* Is the name among those before the first double blank? */
static bool line_names(const char *line, size_t names_length, const char *name)
{
	size_t length = strlen(name);
	for (size_t at = 0; at + length <= names_length; at++) {
		bool starts = !at || line[at - 1] == ' ' || line[at - 1] == ',';
		char behind = line[at + length];
		if (starts && !strncmp(line + at, name, length) && (behind == ',' || behind == ' '))
			return true;
	}
	return false;
}

static bool find_line(const char *text, const char *name, char credit[GEO_CREDIT_MAX])
{
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");
		const char *gap = strstr(line, "  ");
		if (gap && gap < line + length && line_names(line, (size_t)(gap - line), name)) {
			gap += strspn(gap, " ");
			text_clean(credit, GEO_CREDIT_MAX, gap, (size_t)(line + length - gap));
			return true;
		}
		line += length + (line[length] == '\n');
	}
	return false;
}

static bool read_credits(const char *path, char credit[GEO_CREDIT_MAX])
{
	char file[PATH_BYTES_MAX], text[CREDITS_BYTES_MAX];
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash - path) : 1;
	int length = snprintf(file, sizeof file, "%.*s/CREDITS", folder, slash ? path : ".");
	int fd = length > 0 && (size_t)length < sizeof file
	             ? open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
	             : -1;
	if (fd < 0)
		return false;
	ssize_t got = read(fd, text, sizeof text - 1);
	close(fd);
	if (got <= 0)
		return false;
	text[got] = '\0';
	return find_line(text, slash ? slash + 1 : path, credit);
}

void credit_find(const char *path, const char *type, char credit[GEO_CREDIT_MAX])
{
	/* As the licences have it, 2026. */
	static const struct {
		const char *start, *credit;
	} known[] = {
		{"GeoLite2", "includes GeoLite Data created by MaxMind, available from "
	                 "https://www.maxmind.com"},
		{"GeoIP", "MaxMind GeoIP, https://www.maxmind.com"},
		{"DBIP", "IP Geolocation by DB-IP (https://db-ip.com)"},
		{"ipinfo", "IP address data powered by IPinfo (https://ipinfo.io), CC BY-SA 4.0"},
		{"IP2LITE", "IP2Location LITE data, https://lite.ip2location.com"},
	};
	*credit = '\0';
	if (read_credits(path, credit) || !type)
		return;
	for (size_t i = 0; i < PF_COUNT(known); i++)
		if (!strncasecmp(type, known[i].start, strlen(known[i].start))) {
			snprintf(credit, GEO_CREDIT_MAX, "%s", known[i].credit);
			return;
		}
}
