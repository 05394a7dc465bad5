/* SPDX-License-Identifier: MIT */
/* The program is its own spawner and meter: they start it with an argument of their own. */
#include <string.h>

#include "spawn/meter.h"
#include "spawn/spawner.h"
#include "src/command/command.h"

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], SPAWNER_ARGUMENT))
		spawner_main(argc, argv);
	if (argc > 1 && !strcmp(argv[1], METER_ARGUMENT))
		meter_main(argc, argv);
	return command_main(argc, argv);
}
