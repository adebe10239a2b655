#!/bin/sh
# Run once by the postgres image on an empty volume: the program's role, which is no superuser
# (row-level security must hold for it), and its database.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$(cat /run/secrets/database_password)" --username postgres <<'SQL'
CREATE ROLE yizhou LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE yizhou OWNER yizhou;
SQL
