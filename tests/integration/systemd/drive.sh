# Run by systemd as root: starts ingestd.service, and writes what systemd saw to /out.
exec >/out/seen 2>/out/errors
shown() {
    echo "[$1]"
    systemctl show ingestd -p ActiveState -p SubState -p Result -p NRestarts \
        -p ExecMainStatus -p StatusText
}
# Waits until the log has COUNT lines of EVENT.
logged() {
    timeout 120 tail -n +1 -f /out/log >/run/lines &
    grep -m "$2" "\"event\":[ ]*\"$1\"" </run/lines >/dev/null
    kill $!
}
mkfifo /run/lines
useradd --system --no-create-home --shell /usr/sbin/nologin ingestd
chown -R ingestd: /srv/ingestd
touch /out/log
chmod 666 /out/log
systemctl daemon-reload
systemctl start ingestd
shown started
printf 'a,b\n1,2\n' >/srv/ingestd/inbox/first.csv
logged batch_committed 1
shown committed
# Its loop hangs: no more watchdog notices.
kill -STOP "$(systemctl show ingestd -p MainPID --value)"
logged daemon_started 2
printf 'a,b\n3,4\n' >/srv/ingestd/inbox/second.csv
logged batch_committed 2
shown restarted
systemctl stop ingestd
shown stopped
echo "parts=$(find /srv/ingestd/outbox -name '*.parquet' | wc -l)"
