// Written next: see the module table in the README.
