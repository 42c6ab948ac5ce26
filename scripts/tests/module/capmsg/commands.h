/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPMSG_COMMANDS_H
#define CAPMSG_COMMANDS_H

long capmsg_commands_run(unsigned int number);

#endif /* CAPMSG_COMMANDS_H */
