/* Fuzzes the reader of hosts(5): any bytes as a line. What is taken for a record has an address and names that can be written out. */
#include <stdlib.h>

#include "dns/name.h"
#include "local/hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hosts_line line;
	char *text = malloc(size + 1); /* exactly as long as it is, for the sanitizers */
	if (!text)
		return 0;
	for (size_t i = 0; i < size; i++)
		text[i] = (char)data[i];
	enum hosts_parse parsed = hosts_parse_line(text, size, &line);
	free(text);
	if (parsed != HOSTS_LINE)
		return 0;
	if ((line.addr.family != 4 && line.addr.family != 6) || !line.name_count ||
	    line.name_count > PF_COUNT(line.names))
		abort();
	for (size_t i = 0; i < line.name_count; i++) {
		char name[NAME_TEXT_MAX];
		struct dns_name again;
		dns_name_to_text(&line.names[i], name);
		if (dns_name_from_text(name, &again) != PF_OK || !dns_name_equal(&again, &line.names[i]))
			abort();
	}
	return 0;
}
