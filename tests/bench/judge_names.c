/* judge_names TABLE < NAMES: recognition of devices by their names, for contrib/recognise/bench. A line of the
 * input is a device and a name, a tab between; the lines of a device stand together. For each device, a line: device, vendor
 * and kind that are proposed (- when it abstains), score, the best vendor and its sum, the strongest rival's sum. */
#include <stdio.h>
#include <string.h>

#include "recognise/recognise.h"

static const char *dash(const char *text)
{
	return text ? text : "-";
}

static void judge(const struct recognise_case *c, const char *device)
{
	struct recognise_proposal p;
	recognise_case_decide(c, &p);
	printf("%s\t%s\t%s\t%.4f\t%s\t%.2f\t%.2f\n", device, dash(p.vendor), dash(p.kind), p.score,
	       dash(p.best), p.best_sum, p.second_sum > p.none_sum ? p.second_sum : p.none_sum);
}

int main(int argc, char **argv)
{
	struct recognise *table;
	char error[500], line[2048], device[2048] = "";
	if (argc != 2) {
		fprintf(stderr, "usage: judge_names TABLE < NAMES\n");
		return 2;
	}
	if (recognise_load(argv[1], &table, error) != PF_OK) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	struct recognise_case *c = recognise_case_new(table);
	int result = c ? 0 : 1;
	while (!result && fgets(line, sizeof line, stdin)) {
		char *tab = strchr(line, '\t');
		line[strcspn(line, "\n")] = '\0';
		if (!tab)
			continue;
		*tab = '\0';
		if (strcmp(device, line)) {
			if (*device)
				judge(c, device);
			recognise_case_clear(c);
			snprintf(device, sizeof device, "%s", line);
		}
		result = recognise_case_add(c, tab + 1) != PF_OK;
	}
	if (*device && !result)
		judge(c, device);
	recognise_case_free(&c);
	recognise_free(&table);
	return result;
}
