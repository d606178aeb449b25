/** A message in one line of plain text: for the list of chats, quotes and service lines. */

import { nameOf } from "./faces.js";

const MEDIA = {
  photo: "Photo",
  voice: "Voice message",
  sticker: "Sticker",
  document: "Document",
  video: "Video",
  animation: "Animation",
  audio: "Audio",
};

const DOING = {
  record_voice: "recording a voice message…",
  upload_voice: "sending a voice message…",
  upload_photo: "sending a photo…",
  upload_document: "sending a document…",
  choose_sticker: "choosing a sticker…",
};

/** What a chat action says someone is doing. */
export const doing = (action) => DOING[action] ?? "typing…";

export function mediaKind(message) {
  return Object.keys(MEDIA).find((kind) => message[kind]);
}

export function summary(message) {
  if (message.text) return message.text.replace(/\s+/g, " ");
  const service = serviceLine(message);
  if (service) return service;
  const kind = mediaKind(message);
  const label = kind === "sticker" ? `${message.sticker.emoji ?? ""} Sticker`.trim() : (MEDIA[kind] ?? "Message");
  return message.caption ? `${label}: ${message.caption.replace(/\s+/g, " ")}` : label;
}

/** What happened, as a sentence, when the message is no message but an event of the chat; otherwise null. */
export function serviceLine(message) {
  const who = nameOf(message.from);
  if (message.new_chat_members) {
    const others = message.new_chat_members.filter((member) => member.id !== message.from?.id);
    return others.length ? `${who} added ${others.map(nameOf).join(", ")}` : `${who} joined`;
  }
  if (message.left_chat_member) {
    const gone = message.left_chat_member;
    return gone.id === message.from?.id ? `${nameOf(gone)} left` : `${who} removed ${nameOf(gone)}`;
  }
  if (message.group_chat_created || message.supergroup_chat_created) return `${who} made the group`;
  if (message.new_chat_title) return `${who} renamed the group to ${message.new_chat_title}`;
  if (message.migrate_to_chat_id || message.migrate_from_chat_id) return "The group became a supergroup";
  if (message.pinned_message) return `${who} pinned a message`;
  return null;
}
