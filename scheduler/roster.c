typedef int scheduler_roster;
